"""The second pass: timelines, written newest tweet first until each user's cap is full.

Users are split into shares by their bucket, so that shares write to partitions of their own, and
can be worked on by processes beside each other. A share that was cut off is computed anew without
writing, up to the step it had noted; then its floors are written.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Final

from foldline.core.effects import Deliver, Effect
from foldline.core.newest_first import NewestFirst, Step
from foldline.generation import Build
from foldline.settings import Settings
from foldline.views.port import FoldedViews
from streams.rebuild.notes import Folder, Pacer
from streams.rebuild.segments import edges_of, load

_BYTES_PER_EDGE: Final = 40  # of a share in memory: ids, places, and both while they are sorted
_WRITTEN_AT_ONCE: Final = 2
_FLOORS: Final = 1_000


def shares_of(settings: Settings, build: Build, folder: Folder) -> int:
    """Into how many shares the users are split: a power of two that divides the buckets; what was
    once noted stands."""
    edges = sum(edges_of(path) for path in folder.segments())
    share = settings.rebuild_share_bytes
    wanted = max(settings.rebuild_process_count, 1 + edges * _BYTES_PER_EDGE // share)
    shares = 1
    while shares < wanted and build.generation.buckets % (2 * shares) == 0:
        shares *= 2
    return folder.fixed("shares", shares)


class Filling:
    """Fills the timelines of one share of the users."""

    def __init__(
        self, views: FoldedViews, settings: Settings, folder: Folder, cap: int, shares: int
    ) -> None:
        self._views = views
        self._rows = settings.rows_per_part
        self._folder = folder
        self._cap = cap
        self._shares = shares
        self._pacer = Pacer(folder)

    async def run(self, share: int) -> None:
        """Fill it, from where it was cut off."""
        part = f"fill-{share}"
        sources = [
            source for path in self._folder.segments() for source in load(path, share, self._shares)
        ]
        newest_first = NewestFirst(sources, self._cap)
        done = self._folder.done(part)
        if done > newest_first.tweets:
            return
        self._folder.note(f"{part}-of", newest_first.tweets)
        writing: list[asyncio.Task[None]] = []
        for effects, looked_at in self._parts(newest_first.steps(), done):
            if len(writing) >= self._pacer.piece(_WRITTEN_AT_ONCE):
                await writing.pop(0)
            note = asyncio.create_task(self._write(effects, writing[-1:], part, looked_at))
            writing.append(note)
            await self._pacer.rest()
        for each in writing:
            await each
        floors = list(newest_first.floors())
        for start in range(0, len(floors), _FLOORS):
            some = floors[start : start + _FLOORS]
            await self._pacer.steadily(partial(self._views.apply, some, {}))
        self._folder.note(part, newest_first.tweets + 1)

    async def _write(
        self, effects: list[Effect], before: list[asyncio.Task[None]], part: str, looked_at: int
    ) -> None:
        """Write some, and note it once what was before is written too."""
        await self._pacer.steadily(partial(self._views.apply, effects, {}))
        for each in before:
            await each
        self._folder.note(part, looked_at)

    def _parts(self, steps: Iterator[Step], done: int) -> Iterator[tuple[list[Effect], int]]:
        """What is to be written as one, and how many tweets are looked at with it."""
        part: list[Effect] = []
        rows = 0
        last = done
        for step in steps:
            if step.looked_at <= done:
                continue
            most = self._pacer.piece(self._rows)
            for deliver in _slices(step.deliver, most):
                if part and rows + deliver.recipients.size > most:
                    yield part, last
                    part, rows = [], 0
                part.append(deliver)
                rows += deliver.recipients.size
            last = step.looked_at
        if part:
            yield part, last


def _slices(deliver: Deliver, rows: int) -> Iterator[Deliver]:
    """A delivery by at most so many recipients."""
    for start in range(0, deliver.recipients.size, rows):
        some = deliver.recipients[start : start + rows]
        yield Deliver(deliver.author_id, deliver.tweets, some, deliver.stamp)
