"""What a process has in hand, for how long, and how late its event loop is.

Beyond what the settings allow it is better to turn requests away than to make all of them late; and
a request that takes too long is ended. All are looked at together, a few times a second: a timer
for each would cost more than most of them take.
"""

import asyncio
import time
from typing import Any, Final

from aiohttp import web

from foldline.errors import OverloadedError

_TICK_S: Final = 0.05


class Load:
    """Of one process. Moments are of `time.monotonic`."""

    def __init__(self, requests_max: int, lag_max_s: float, timeout_s: float) -> None:
        self._requests_max = requests_max
        self._lag_max_s = lag_max_s
        self._timeout_s = timeout_s
        self._begun: dict[asyncio.Task[Any], float] = {}  # in the order of beginning
        self._ended: set[asyncio.Task[Any]] = set()
        self._late_s = 0.0
        self._due = float("inf")
        self._next: asyncio.TimerHandle | None = None

    def begin(self, task: "asyncio.Task[Any]", now: float, *, always: bool = False) -> None:
        """A request is in hand; OverloadedError if that is one too many, unless `always`."""
        if not always:
            if len(self._begun) >= self._requests_max:
                raise OverloadedError("this process has too much in hand; try again")
            # What comes right after a standstill may be looked at before the overdue tick.
            if self._late_s > self._lag_max_s or now - self._due > self._lag_max_s:
                raise OverloadedError("this process is late with what it has in hand; try again")
        self._begun[task] = now

    def end(self, task: "asyncio.Task[Any]") -> bool:
        """It is no longer. Whether it was ended by force, its task cancelled."""
        self._begun.pop(task, None)
        if task not in self._ended:
            return False
        self._ended.discard(task)
        task.uncancel()
        return True

    async def watch(self, _: web.Application) -> None:
        """Begin to look."""
        self._due = time.monotonic()
        self._tick()

    async def rest(self, _: web.Application) -> None:
        """Cease to."""
        if self._next is not None:
            self._next.cancel()

    def _tick(self) -> None:
        now = time.monotonic()
        self._late_s = now - self._due
        self._due = now + _TICK_S
        while self._begun:
            task, begun = next(iter(self._begun.items()))
            if now - begun < self._timeout_s:
                break
            del self._begun[task]
            self._ended.add(task)
            task.cancel()
        self._next = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
