"""The first pass: a partition of the log, folded from its beginning into all views but timelines.

A partition is folded in memory. Should more of it survive than there is room for, it is begun anew:
dealt out by account into as many shards as that shows are needed, on disk, and folded shard by
shard; all that an event is folded into belongs to its key. A shard is done when its segment stands;
what a killed process wrote before is written again, the same.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from foldline.core.survivors import Survivors
from foldline.generation import Build
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import FoldedViews
from streams.reading import Stretch, stretches
from streams.rebuild.notes import Folder, Pacer
from streams.rebuild.segments import save
from streams.rebuild.spill import dealer, dealt
from streams.sift import Entry, Poison

_RECORDS: Final = 2_000  # taken at once
_EFFECTS: Final = 10_000  # written at once
_BYTES_EACH: Final = 500  # of what survives, in memory: 260 to 540 were measured
_LOOK_EVERY: Final = 50_000  # events: whether there is room for more

Item = TypeVar("Item")


def is_whole(build: Build, folder: Folder) -> bool:
    """Whether all segments stand; another machine has none of them."""
    return all(
        (shards := folder.shards(partition))
        and all(folder.segment(partition, shard).exists() for shard in range(shards))
        for partition in range(len(build.ends))
    )


class Replay:
    """Folds partitions of a log up to where the build ends."""

    def __init__(
        self, log: EventLog, views: FoldedViews, settings: Settings, build: Build, folder: Folder
    ) -> None:
        self._log = log
        self._views = views
        self._epoch = settings.log_epoch
        self._room = settings.rebuild_share_bytes // _BYTES_EACH  # for things that survive
        self._build = build
        self._folder = folder
        self._pacer = Pacer(folder)

    async def run(self, partition: int) -> None:
        """Fold one whole, if that was not done before."""
        shards = self._folder.shards(partition)
        if shards == 0 or (shards == 1 and not self._folder.segment(partition, 0).exists()):
            shards = await self._folded(partition)
            self._folder.set_shards(partition, shards)
        if shards > 1:
            await self._by_shards(partition, shards)
        self._folder.note(f"replay-{partition}", self._build.ends[partition])

    async def _read(self, partition: int) -> AsyncGenerator[Stretch, None]:
        """All of a partition, in order, up to the end of the build, at the pace of the build."""
        end = self._build.ends[partition]
        async with aclosing(stretches(self._log, partition, end, self._epoch)) as read:
            async for stretch in read:
                yield stretch
                if stretch.records:
                    at = stretch.records[-1].position.offset + 1
                    self._folder.note(f"replay-{partition}", at)
                await self._pacer.rest()

    async def _folded(self, partition: int) -> int:
        """Fold a partition in memory; how many shards it needs: 1 when it is done."""
        survivors, taken, look_at = Survivors(), 0, _LOOK_EVERY
        async with aclosing(self._read(partition)) as read:
            async for stretch in read:
                _take(survivors, stretch.items)
                taken += len(stretch.items)
                if taken >= look_at:
                    look_at += _LOOK_EVERY
                    if (size := survivors.size()) > self._room:
                        return 1 + size * self._build.ends[partition] // (taken * self._room)
        await self._finish(survivors, partition, 0)
        return 1

    async def _by_shards(self, partition: int, shards: int) -> None:
        folder = self._folder
        missing = [s for s in range(shards) if not folder.segment(partition, s).exists()]
        if missing:
            await self._deal(partition, shards)
        for shard in missing:
            await self._finish(await self._shard(partition, shard), partition, shard)
        for shard in range(shards):
            folder.spill(partition, shard).unlink(missing_ok=True)

    async def _deal(self, partition: int, shards: int) -> None:
        """Deal a partition out to files, by the key of its events; dead letters are written."""
        with dealer(self._folder.spill(partition, shard) for shard in range(shards)) as deal:
            async for stretch in self._read(partition):
                letters = [item.letter for item in stretch.items if isinstance(item, Poison)]
                await self._pacer.steadily(partial(self._views.apply, letters, {}))
                for record, item in zip(*stretch, strict=True):
                    if not isinstance(item, Poison):
                        deal(record, item)

    async def _shard(self, partition: int, shard: int) -> Survivors:
        survivors = Survivors()
        for some in chunks(dealt(self._folder.spill(partition, shard)), _RECORDS):
            for event, stamp in some:
                survivors.take(event, stamp)
            await self._pacer.rest()
        return survivors

    async def _finish(self, survivors: Survivors, partition: int, shard: int) -> None:
        effects = survivors.effects()
        while some := list(islice(effects, self._pacer.piece(_EFFECTS))):
            await self._pacer.steadily(partial(self._views.apply, some, {}))
            await self._pacer.rest()
        save(self._folder.segment(partition, shard), survivors.sources())


def _take(survivors: Survivors, items: Iterable[Entry | Poison]) -> None:
    for item in items:
        if isinstance(item, Poison):
            survivors.put(item.letter)
        else:
            survivors.take(item.envelope.event, item.stamp)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items by so many at once."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
