"""A log, its fold, and processes with caches over it: each step is the test's to make."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from foldline.appends import append
from foldline.cache.local import LocalCache
from foldline.cache.port import Cache
from foldline.caching.bus import Bus
from foldline.caching.views import CachedViews
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.codec import Envelope
from foldline.core.ids import IntArray
from foldline.core.position import Position
from foldline.core.span import Span
from foldline.generation import Generation
from foldline.log.port import EventLog, LogReader
from foldline.log.sqlite import open_sqlite_log
from foldline.settings import Settings
from foldline.views.port import Account, Restrictions, TimelineRows, Tweet, Views
from foldline.views.sqlite import SqliteViews, open_sqlite_views
from streams.projector import Projector
from tests.contracts.ids import fresh

GENERATION = Generation(1, buckets=1, follower_shards=1)
WAIT_S = 20.0
_TAKE_MAX = 1_000


class Gated(SqliteViews):
    """The real views, whose answers can be held back on their way to the caller."""

    calls: Counter[str]
    _shut: dict[str, asyncio.Event]
    _held: dict[str, asyncio.Event]

    @classmethod
    async def open(cls, settings: Settings) -> "Gated":
        opened = await open_sqlite_views(settings, GENERATION)
        assert isinstance(opened, SqliteViews)
        views = cls(opened._database, settings.rows_per_part, settings.log_epoch)
        views.calls, views._shut, views._held = Counter(), {}, {}
        return views

    def hold(self, name: str) -> None:
        """Keep the answers of this read back until `let_go`."""
        self._shut[name], self._held[name] = asyncio.Event(), asyncio.Event()

    async def held(self, name: str) -> None:
        """Wait until one has been read and is kept back."""
        async with asyncio.timeout(WAIT_S):
            await self._held[name].wait()

    def let_go(self, name: str) -> None:
        self._shut.pop(name).set()

    async def _read(self, name: str) -> None:
        self.calls[name] += 1
        if (shut := self._shut.get(name)) is not None:
            self._held[name].set()
            await shut.wait()

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        found = await super().accounts(user_ids)
        await self._read("accounts")
        return found

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        found = await super().tweets(tweet_ids)
        await self._read("tweets")
        return found

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        found = await super().tweets_of(author_ids, span)
        await self._read("tweets_of")
        return found

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        found = await super().timeline(user_id, span)
        await self._read("timeline")
        return found

    async def following(self, user_id: int) -> IntArray:
        found = await super().following(user_id)
        await self._read("following")
        return found

    async def restrictions(self, user_id: int) -> Restrictions:
        found = await super().restrictions(user_id)
        await self._read("restrictions")
        return found


@dataclass
class Process:
    """A process that reads: its views, its bus, and its caches over them."""

    log: EventLog
    views: Gated
    bus: Bus
    cached: CachedViews

    async def hears(self) -> None:
        """Wait until the bus has heard all of the log, which must be folded."""
        ends = await self.log.ends()
        async with asyncio.timeout(WAIT_S):
            while True:
                progress = await self.bus.progress()
                passed = all(progress.get(p, 0) >= end for p, end in enumerate(ends))
                if self.bus.usable and passed:
                    return
                await asyncio.sleep(0.005)


@dataclass
class Tail:
    """The log and its fold. What is appended is folded when the test says so."""

    settings: Settings
    log: EventLog
    views: Views
    projector: Projector
    reader: LogReader
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def append(self, *events: ev.Event) -> list[Position]:
        return [
            await append(self.log, Envelope(f"e{fresh()}", event, 0), "test") for event in events
        ]

    async def fold(self) -> None:
        """Fold all that was appended, and what follows from it."""
        while True:
            progress, ends = self.projector.progress, await self.log.ends()
            if all(progress[p] >= end for p, end in enumerate(ends)):
                return
            if records := await self.reader.take(_TAKE_MAX, 0.02):
                await self.projector.apply(records)
            await self.projector.quiet()

    async def happened(self, *events: ev.Event) -> None:
        """These events are in the log, and folded."""
        await self.append(*events)
        await self.fold()

    async def process(self, cache: Cache | None = None, log: EventLog | None = None) -> Process:
        """One more process, which hears the log; its shared cache is its own if none is given."""
        views = await Gated.open(self.settings)
        self.stack.push_async_callback(views.close)
        bus = Bus(log or self.log, views, self.settings, SystemClock())
        cached = CachedViews(views, bus, cache or LocalCache(1 << 20), self.settings, SystemClock())
        self.stack.push_async_callback(cached.close)
        await bus.start()
        self.stack.push_async_callback(bus.stop)
        made = Process(self.log, views, bus, cached)
        await made.hears()
        return made


@asynccontextmanager
async def tail_of(settings: Settings) -> AsyncIterator[Tail]:
    """An empty log and its views."""
    async with AsyncExitStack() as stack:
        log = await open_sqlite_log(settings)
        stack.push_async_callback(log.close)
        views = await open_sqlite_views(settings, GENERATION)
        stack.push_async_callback(views.close)
        projector = Projector(log, views, settings, SystemClock())
        await projector.assign(range(log.partitions))
        reader = await log.reader(projector.progress)
        stack.push_async_callback(reader.close)
        yield Tail(settings, log, views, projector, reader, stack)
