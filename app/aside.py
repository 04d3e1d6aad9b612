"""Long work of an operator's over a profile, in processes beside the one that serves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from app.progress import stderr
from foldline.processes import Processes
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from foldline.telemetry import configure_logging

Answer = TypeVar("Answer")
Act = Callable[..., Awaitable[Answer]]
"""What is done: over the opened profile, the settings and its arguments. It stands in a module."""

_PROCESSES: Final = 4


class Aside:
    """Does one thing at a time in each of a few processes; more wait."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._processes = Processes(_PROCESSES, _begin)

    async def run(self, act: Act[Answer], *arguments: object) -> Answer:
        """Do it and give its answer, or raise its error, as `Processes.run`."""
        answer: Answer = await self._processes.run(_run, self._settings, act, arguments)
        return answer

    async def close(self) -> None:
        """End all processes, whatever they do. Idempotent."""
        await self._processes.close()


def _begin() -> None:
    configure_logging(as_json=True, level="warning")
    stderr.quiet = True


def _run(settings: Settings, act: Act[Any], arguments: tuple[object, ...]) -> Any:
    return asyncio.run(_opened(settings, act, arguments))


async def _opened(settings: Settings, act: Act[Any], arguments: tuple[object, ...]) -> Any:
    profile: Profile = await open_profile(settings)
    try:
        return await act(profile, settings, *arguments)
    finally:
        await profile.close()
