"""The authors that every reader merges: a small set, kept in memory for a bounded time.

The projector goes on pushing a new celebrity's tweets until no reader can have a set from before
the flag. So a set older than its lifetime is never used: it is read anew, or the request fails. It
is read anew before that already, so that in general nobody waits for it.
"""

import asyncio

from foldline.clock import Clock
from foldline.core.ids import IntArray
from foldline.views.port import ServedViews


class Celebrities:
    """The set of celebrities, never older than `lifetime_s`."""

    def __init__(self, views: ServedViews, clock: Clock, lifetime_s: float) -> None:
        self._views = views
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._known: tuple[float, IntArray] | None = None
        self._reading: asyncio.Task[IntArray] | None = None

    async def current(self) -> IntArray:
        """The celebrities, sorted. Raises ViewsUnavailableError."""
        now = self._clock.monotonic()
        if self._known is None:
            return await asyncio.shield(self._read(now))
        age_s = now - self._known[0]
        if age_s >= self._lifetime_s:
            return await asyncio.shield(self._read(now))
        if age_s >= self._lifetime_s / 2:
            self._read(now)
        return self._known[1]

    def _read(self, now: float) -> "asyncio.Task[IntArray]":
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_from(now), name="celebrities")
            self._reading.add_done_callback(_seen)
        return self._reading

    async def _read_from(self, began: float) -> IntArray:
        found = await self._views.celebrities()
        self._known = began, found
        return found


def _seen(reading: "asyncio.Task[IntArray]") -> None:
    if not reading.cancelled():
        reading.exception()  # maybe nobody waits: the next one asks again
