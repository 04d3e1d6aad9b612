"""How much a process has in hand, and how late its event loop is. Beyond what the settings allow
it is better to turn requests away than to make all of them late."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from foldline.errors import OverloadedError

_TICK_S: Final = 0.1


class Load:
    """Of one process."""

    def __init__(self, requests_max: int, lag_max_s: float) -> None:
        self._requests_max = requests_max
        self._lag_max_s = lag_max_s
        self._in_hand = 0
        self._late_s = 0.0
        self._due = time.monotonic() + _TICK_S
        self._next: asyncio.TimerHandle | None = None

    @contextmanager
    def taken(self, *, always: bool = False) -> Iterator[None]:
        """A request is in hand; OverloadedError if that is one too many, unless `always`."""
        if not always:
            self._check()
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    async def watch(self, _: web.Application) -> None:
        """Begin to measure how late the loop is."""
        self._due = time.monotonic()
        self._tick()

    async def rest(self, _: web.Application) -> None:
        """Cease to."""
        if self._next is not None:
            self._next.cancel()

    def _check(self) -> None:
        if self._in_hand >= self._requests_max:
            raise OverloadedError("this process has too much in hand; try again")
        # What comes right after a standstill may be looked at before the tick that is overdue.
        if max(self._late_s, self._overdue_s()) > self._lag_max_s:
            raise OverloadedError("this process is late with what it has in hand; try again")

    def _overdue_s(self) -> float:
        return time.monotonic() - self._due if self._next is not None else 0.0

    def _tick(self) -> None:
        now = time.monotonic()
        self._late_s = now - self._due
        self._due = now + _TICK_S
        self._next = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
