"""Services that follow the switch of generations.

A front is all that answers from one generation: command handlers, reads, caches. Each request is
answered by one front, from its beginning to its end, so none sees a mix. When another generation is
served, or the same was repaired, a front is opened beside the old one, with caches that know
nothing yet; the old one is closed when its last request must be over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import structlog

from foldline.control.generations import Generations
from foldline.errors import FoldlineError
from foldline.generation import Generation
from foldline.web.call import Answer, Call
from foldline.web.operation import Check
from foldline.web.routes import Route

_LOOK_EVERY_S: Final = 0.5
_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Front:
    """What answers from one generation, written in place so many times. `behind`: what ends with
    it."""

    generation: Generation
    repairs: int
    routes: Sequence[Route]
    checks: Mapping[str, Check]
    behind: AsyncExitStack


class Following:
    """The front of the generation that is served, and how to come to the next one."""

    def __init__(
        self,
        first: Front,
        control: Generations,
        opened: Callable[[Generation], Awaitable[Front]],
        linger_s: float,
    ) -> None:
        """`opened` makes the front of another generation; `linger_s` is longer than any request."""
        self._front = first
        self._control = control
        self._opened = opened
        self._linger_s = linger_s
        self._following = asyncio.create_task(self._follow(), name="switch")
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def routes(self) -> list[Route]:
        """The table, each row of it answered by the front of the moment."""
        rows = enumerate(self._front.routes)
        return [replace(row, handle=partial(self._answer, number)) for number, row in rows]

    @property
    def checks(self) -> dict[str, Check]:
        """What readiness looks at, of the front of the moment."""
        return {name: partial(self._check, name) for name in self._front.checks}

    async def close(self) -> None:
        """End all fronts."""
        for task in (self._following, *self._closing):
            task.cancel()
        for task in (self._following, *self._closing):
            with suppress(asyncio.CancelledError):
                await task
        await self._front.behind.aclose()

    async def _answer(self, number: int, call: Call[Any, Any]) -> Answer:
        return await self._front.routes[number].handle(call)

    async def _check(self, name: str) -> str | None:
        return await self._front.checks[name]()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                served = await self._control.active_generation()
                now = served.number, await self._control.repairs(served.number)
                if now != (self._front.generation.number, self._front.repairs):
                    await self._change(served)
            except FoldlineError as error:
                _logger.warning("the generation that is served is not known", why=str(error))
            except Exception:
                _logger.exception("the generation that is served is not followed")

    async def _change(self, served: Generation) -> None:
        old, self._front = self._front, await self._opened(served)
        _logger.warning(
            "another generation is served, or the same repaired", generation=served.number
        )
        closing = asyncio.create_task(self._close_late(old))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close_late(self, old: Front) -> None:
        try:
            await asyncio.sleep(self._linger_s)
        finally:
            await old.behind.aclose()
