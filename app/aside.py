"""Long work of an operator's, in processes beside the one that serves, so that its loop is free.

They are begun when they are needed, and end with it, also when it is killed: each has one end of a
pipe whose other end is its parent's alone.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from app.progress import stderr
from foldline.errors import UnavailableError
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from foldline.telemetry import configure_logging

Answer = TypeVar("Answer")
Act = Callable[..., Awaitable[Answer]]
"""What is done: over the opened profile, the settings and its arguments. It stands in a module."""

_PROCESSES: Final = 4
_GONE: Final = 1


class Aside:
    """Does one thing at a time in each of a few processes; more wait."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._begin()

    async def run(self, act: Act[Answer], *arguments: object) -> Answer:
        """Do it and give its answer, or raise its error. Cancelled, it is done all the same."""
        pool, loop = self._pool, asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, _run, self._settings, act, arguments)
        except BrokenProcessPool as error:
            if pool is self._pool:
                await self.close()
                self._begin()
            raise UnavailableError("the process that worked on it was ended: try again") from error

    async def close(self) -> None:
        """End all processes, whatever they do. Idempotent."""
        self._alive.close()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _begin(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        theirs, self._alive = spawn.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            _PROCESSES, mp_context=spawn, initializer=_begin, initargs=(theirs,)
        )


def _begin(parents: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, whose end is ours
    configure_logging(as_json=True, level="warning")
    stderr.quiet = True
    threading.Thread(target=_end_with, args=(parents,), daemon=True).start()


def _end_with(parents: Connection) -> None:
    parents.poll(None)
    os._exit(_GONE)


def _run(settings: Settings, act: Act[Any], arguments: tuple[object, ...]) -> Any:
    return asyncio.run(_opened(settings, act, arguments))


async def _opened(settings: Settings, act: Act[Any], arguments: tuple[object, ...]) -> Any:
    profile: Profile = await open_profile(settings)
    try:
        return await act(profile, settings, *arguments)
    finally:
        await profile.close()
