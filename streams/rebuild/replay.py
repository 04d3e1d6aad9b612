"""The first pass: a partition of the log, folded from its beginning into all views but timelines.

A partition that is too large for memory is dealt out by account into as many shards as are needed,
on disk, and folded shard by shard: all that an event is folded into belongs to its key. A shard is
done when its segment stands; what a killed process wrote before is written again, the same.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
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
from streams.sift import Poison

_RECORDS: Final = 2_000  # taken at once
_EFFECTS: Final = 10_000  # written at once
_BYTES_PER_EVENT: Final = 1_500  # that an event leaves in memory, about

Item = TypeVar("Item")


def shards_of(settings: Settings, build: Build, folder: Folder, partition: int) -> int:
    """Into how many shards a partition is dealt: what was once noted stands."""
    share = (settings.rebuild_memory_mb << 20) // settings.rebuild_process_count
    shards = 1 + build.ends[partition] * _BYTES_PER_EVENT // share
    return folder.fixed(f"shards-{partition}", shards)


def is_whole(settings: Settings, build: Build, folder: Folder) -> bool:
    """Whether all segments stand; another machine has none of them."""
    return all(
        folder.segment(partition, shard).exists()
        for partition in range(len(build.ends))
        for shard in range(shards_of(settings, build, folder, partition))
    )


class Replay:
    """Folds partitions of a log up to where the build ends."""

    def __init__(
        self, log: EventLog, views: FoldedViews, settings: Settings, build: Build, folder: Folder
    ) -> None:
        self._log = log
        self._views = views
        self._settings = settings
        self._build = build
        self._folder = folder
        self._pacer = Pacer(folder)

    async def run(self, partition: int) -> None:
        """Fold one whole, if that was not done before."""
        shards = shards_of(self._settings, self._build, self._folder, partition)
        missing = [s for s in range(shards) if not self._folder.segment(partition, s).exists()]
        if missing and shards == 1:
            await self._finish(await self._folded(partition), partition, 0)
        elif missing:
            await self._deal(partition, shards)
            for shard in missing:
                await self._finish(await self._shard(partition, shard), partition, shard)
        for shard in range(shards):
            self._folder.spill(partition, shard).unlink(missing_ok=True)
        self._folder.note(f"replay-{partition}", self._build.ends[partition])

    async def _read(self, partition: int) -> AsyncIterator[Stretch]:
        """All of a partition, in order, up to the end of the build, at the pace of the build."""
        epoch, end = self._settings.log_epoch, self._build.ends[partition]
        async for stretch in stretches(self._log, partition, end, epoch):
            yield stretch
            if stretch.records:
                self._folder.note(f"replay-{partition}", stretch.records[-1].position.offset + 1)
            await self._pacer.rest()

    async def _folded(self, partition: int) -> Survivors:
        survivors = Survivors()
        async for stretch in self._read(partition):
            for item in stretch.items:
                if isinstance(item, Poison):
                    survivors.put(item.letter)
                else:
                    survivors.take(item.envelope.event, item.stamp)
        return survivors

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


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items by so many at once."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
