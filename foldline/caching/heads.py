"""Reads of one timeline at one moment: one of them is made, and its answer shared."""

import asyncio

from foldline.caching.bus import Bus
from foldline.caching.values import frozen
from foldline.core.span import Span
from foldline.views.port import ServedViews, TimelineRows


class Heads:
    """Timelines that are being read. A call joins another one only where nothing was folded since
    that began: so who has waited for an event to be folded reads it."""

    def __init__(self, views: ServedViews, bus: Bus) -> None:
        self._views = views
        self._bus = bus
        self._under_way: dict[tuple[int, Span, int], asyncio.Task[TimelineRows]] = {}

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        """The entries, as of a moment after the newest event that was heard."""
        key = (user_id, span, self._bus.sequence)
        if (task := self._under_way.get(key)) is None:
            task = asyncio.create_task(self._read(user_id, span), name="head")
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)

    async def _read(self, user_id: int, span: Span) -> TimelineRows:
        rows = await self._views.timeline(user_id, span)
        return TimelineRows(frozen(rows.tweets), frozen(rows.authors))

    def _end(self, key: tuple[int, Span, int], task: "asyncio.Task[TimelineRows]") -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # maybe nobody waits any more
