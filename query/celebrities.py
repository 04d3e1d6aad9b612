"""The authors that every reader merges: a small set, kept in memory for a bounded time.

The projector goes on pushing a new celebrity's tweets until no reader can have a set from before
the flag. So a set older than its lifetime is never used: it is read anew, or the request fails.
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
        self._reading = asyncio.Lock()

    async def current(self) -> IntArray:
        """The celebrities, sorted. Raises ViewsUnavailableError."""
        async with self._reading:
            now = self._clock.monotonic()
            if self._known is None or now - self._known[0] >= self._lifetime_s:
                self._known = (now, await self._views.celebrities())
            return self._known[1]
