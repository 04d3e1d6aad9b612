"""What a test can see of an installation from outside, by its log and its views."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from foldline.core.codec import Codec
from foldline.core.span import Span
from foldline.errors import LogUnavailableError, PoisonError, UnavailableError
from foldline.log.kafka import group_offsets
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import Views
from tests.flow.client import Client

_LOOK_EVERY_S = 0.5
_ENTRIES = 200


async def kinds_in(log: EventLog) -> Counter[str]:
    """How many events of each type the whole log holds."""
    ends = await log.ends()
    reader = await log.reader(dict.fromkeys(range(len(ends)), 0))
    found: Counter[str] = Counter()
    for _ in range(sum(ends)):
        records = await reader.take(500, 5.0)
        for record in records:
            try:
                found[type(Codec().decode(record.value).event).__name__] += 1
            except PoisonError:
                found["poison"] += 1
        if found.total() >= sum(ends):
            break
    await reader.close()
    return found


async def torn(
    client: Client, views: Views, users: Collection[int], partitions: Collection[int]
) -> dict[int, tuple[int, int]]:
    """The tweets of these partitions that stand in timelines although progress has not passed them,
    not even when it is read after the rows: a batch is in hand. With their places in the log."""
    progress = await views.progress()
    unfolded = {
        tweet: (partition, offset)
        for tweet, (partition, offset) in client.places.items()
        if partition in partitions and offset >= progress.get(partition, 0)
    }
    if not unfolded:
        return {}
    span = Span(_ENTRIES, above=min(unfolded) - 1)
    rows = await asyncio.gather(*(views.timeline(user, span) for user in users))
    written = {tweet for row in rows for tweet in row.tweets.tolist()} & set(unfolded)
    progress = await views.progress()
    return {
        tweet: unfolded[tweet]
        for tweet in written
        if unfolded[tweet][1] >= progress.get(unfolded[tweet][0], 0)
    }


@dataclass
class Watch:
    """Looks again and again. `faults`: the moments at which more was committed than folded, more
    folded than appended, or progress had fallen; `samples`: how often it could look."""

    samples: int = 0
    faults: list[str] = field(default_factory=list)
    _before: dict[int, int] = field(default_factory=dict)

    async def look(self, settings: Settings, log: EventLog, views: Views, group: str) -> None:
        # In this order: each of them only rises, so what is read later may only be higher.
        committed = await group_offsets(settings, group)
        progress = await views.progress()
        ends = await log.ends()
        for partition, end in enumerate(ends):
            chain = (committed.get(partition, 0), progress.get(partition, 0), end)
            if list(chain) != sorted(chain) or chain[1] < self._before.get(partition, 0):
                before = self._before.get(partition, 0)
                self.faults.append(f"{partition}: {chain}, before {before}")
        self._before = progress
        self.samples += 1


@asynccontextmanager
async def watching(
    settings: Settings, log: EventLog, views: Views, group: str
) -> AsyncIterator[Watch]:
    """A watch that looks for as long as the block lasts, whenever log and store answer."""
    watch = Watch()

    async def look() -> None:
        while True:
            try:
                await watch.look(settings, log, views, group)
            except (LogUnavailableError, UnavailableError):
                continue
            finally:
                await asyncio.sleep(_LOOK_EVERY_S)

    looking = asyncio.create_task(look())
    try:
        yield watch
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        if not looking.cancelled():
            looking.result()
