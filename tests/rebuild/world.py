"""An installation whose log holds a random history, and projectors that fold it into
generations."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from random import Random

from app.graph import read_graph
from cql.migrator import migrate
from foldline.appends import append
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.codec import Envelope
from foldline.core.served import Difference, differences, expected
from foldline.generation import Build, Generation
from foldline.log.kafka import create_topic
from foldline.profiles import Profile, open_profile, views_of
from foldline.settings import Settings
from foldline.views.port import ServedViews, Views
from query.served import ServedReader
from streams.auditing import Audit
from streams.instance import folding
from streams.projector import Projector
from streams.rebuild.builds import Shape
from streams.rebuild.job import Rebuild
from streams.tailed_ledger import TailedLedger
from tests.core.worlds import random_world
from tests.flow.graph import REED98, densest

DEPTH = 1_000
_AT_ONCE = 500
_TICK = 35_000_000 << 22
SMALL = {"partitions": 4, "cap": 4, "promote_at": 4, "demote_below": 2, "rebuild_memory_mb": 64}


@dataclass
class RebuiltWorld:
    """One log, and views of it."""

    settings: Settings
    profile: Profile

    async def append(self, events: Iterable[ev.Event]) -> None:
        """Those of one key in their order, the others at once."""
        lanes: dict[int, list[ev.Event]] = defaultdict(list)
        for event in events:
            lanes[event.key].append(event)

        room = asyncio.Semaphore(_AT_ONCE)

        async def run(lane: list[ev.Event]) -> None:
            for number, event in enumerate(lane):
                envelope = Envelope(id=f"{number:032x}", event=event, occurred_at=0)
                async with room:
                    await append(self.profile.log, envelope, "test")

        await asyncio.gather(*(run(lane) for lane in lanes.values()))

    async def fold(self, generation: Generation, views: Views) -> None:
        """All that the log has, and what follows from that, into one generation."""
        log = self.profile.log
        own = folding(self.settings, generation)
        projector = Projector(log, views, own, SystemClock())
        await projector.assign(range(log.partitions))
        reader = await log.reader(projector.progress)
        while sum(await log.ends()) > sum(projector.progress.values()):
            await projector.apply(await reader.take(50, 0.05))
            await projector.quiet()
        await projector.stop()
        await reader.close()

    async def rebuild(self, shape: Shape | None = None) -> tuple[Build, list[Build]]:
        """The generation that is handed over, and what was told on the way."""
        told: list[Build] = []
        job = Rebuild(self.profile, self.settings, SystemClock(), self.prepare)
        return await job.run(shape or Shape(), told.append), told

    async def prepare(self) -> object:
        return await migrate(self.settings) if self.settings.profile == "distributed" else None

    async def wrong_in(self, views: Views) -> list[Difference]:
        """Where any account is not served as the log says."""
        ledger = await TailedLedger.open(self.profile.log, self.settings.log_epoch)
        await ledger.advance(await self.profile.log.ends())
        await ledger.close()
        served = reader(views)
        found: list[Difference] = []
        assert ledger.ledger.users()
        for user in ledger.ledger.users():
            right = expected(ledger.ledger, user, DEPTH)
            found += differences(user, right, await served.served(user))
        return found

    @asynccontextmanager
    async def audit(self) -> AsyncIterator[Audit]:
        """Of the generation that is served."""
        log, views = self.profile.log, self.profile.views
        ledger = await TailedLedger.open(log, self.settings.log_epoch)
        yield Audit(
            log, ledger, views, reader, self.settings, self.profile.generation.number, DEPTH
        )
        await ledger.close()

    def views(self, generation: Generation) -> AbstractAsyncContextManager[Views]:
        return views_of(self.settings, generation)


def history(seed: int) -> Sequence[ev.Event]:
    """Events in an order that may be, without those that projectors derive from them."""
    rng = Random(seed)
    logs = [list(reversed(log)) for log in random_world(rng).logs]
    merged = []
    while rest := [log for log in logs if log]:
        merged.append(rng.choice(rest).pop())
    derived = (ev.FollowBarred, ev.FollowUnbarred, ev.AuthorPromoted, ev.AuthorDemoted)
    return [event for event in merged if not isinstance(event, derived)]


def reed(seed: int, people: int = 962, tweets: int = 4_000) -> list[ev.Event]:
    """The graph, or the dense part of it, posting, liking and changing its mind."""
    rng, graph = Random(seed), densest(read_graph(REED98), people)
    events: list[ev.Event] = [ev.AccountCreated(node, f"u{node}") for node in graph.nodes]
    events += [ev.UserFollowed(*edge) for edge in graph.follows]
    events += [ev.UserUnfollowed(*edge) for edge in rng.sample(graph.follows, people // 2)]
    for number in range(tweets):
        author, tweet = rng.choice(graph.nodes), (number + 1) * _TICK
        events.append(ev.TweetPosted(author, tweet, f"tweet {number}"))
        if rng.random() < 0.3:
            events.append(ev.TweetLiked(author, tweet, rng.choice(graph.nodes)))
        if rng.random() < 0.1:
            events.append(ev.TweetDeleted(author, tweet))
    return events


def reader(views: ServedViews) -> ServedReader:
    """As deep as any list of a test is long."""
    return ServedReader(views, SystemClock(), DEPTH)


@asynccontextmanager
async def world_of(settings: Settings) -> AsyncIterator[RebuiltWorld]:
    """An empty one."""
    if settings.profile == "distributed":
        await migrate(settings)
        await create_topic(settings)
    profile = await open_profile(settings)
    try:
        yield RebuiltWorld(settings, profile)
    finally:
        await profile.close()
