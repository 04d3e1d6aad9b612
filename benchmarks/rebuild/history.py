"""Whole rebuilds of histories: how long each stage takes, against reading the log and against live
projectors on the same log."""

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, Final

from benchmarks.installation import TEXT, lone_worker, tweet_id
from benchmarks.rebuild.appending import append_all
from benchmarks.rounds import Figures
from cql.migrator import drop_views, migrate
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.served import PARTS
from foldline.core.span import Span
from foldline.generation import Build
from foldline.log.kafka import create_topic
from foldline.profiles import PROFILES, Profile, open_profile
from foldline.settings import Settings
from infra.engine import Endpoints
from query.served import readers
from streams.reading import stretches
from streams.rebuild.builds import Shape
from streams.rebuild.job import Rebuild
from streams.rebuild.parts import in_parallel
from streams.rebuild.verifying import Verification
from streams.tailed_ledger import TailedLedger

_POLL_S: Final = 0.5
_DEPTH: Final = 100
_TIMELINE: Final = ("profile", "counts", "home")


@dataclass(frozen=True, slots=True)
class History:
    """Who lives it: `users`, each following `follows` others; `posts` tweets, and as many likes as
    fill it up to `events`, all of which are taken back but each `kept`-th, if that is not 0. `cap`:
    of a timeline's rebuild."""

    users: int
    follows: int
    posts: int
    events: int
    cap: int
    kept: int = 0

    def lived(self) -> Iterator[ev.Event]:
        """All of it, in order."""
        rng, users = Random(98), range(1, self.users + 1)
        yield from (ev.AccountCreated(user, f"user_{user}") for user in users)
        for user in users:
            others = rng.sample(users, self.follows)
            yield from (ev.UserFollowed(user, other) for other in others if other != user)
        authors = [rng.choice(users) for _ in range(self.posts)]
        for number, author in enumerate(authors, 1):
            yield ev.TweetPosted(author, tweet_id(number), TEXT)
        left = self.events - self.users * (1 + self.follows) - self.posts
        for at in count(1):
            number = at % self.posts
            of = authors[number], tweet_id(number + 1), rng.choice(users)
            stays = self.kept > 0 and at % self.kept == 0
            left -= 1 if stays else 2
            if left < 0:
                return
            yield ev.TweetLiked(*of)
            if not stays:
                yield ev.TweetUnliked(*of)


@asynccontextmanager
async def lived(
    ends: Endpoints, history: History, **numbers: Any
) -> AsyncIterator[tuple[Settings, Profile]]:
    """An installation whose log has the history, and whose views have nothing yet."""
    with tempfile.TemporaryDirectory(prefix="foldline-") as data_dir:
        settings = Settings(
            profile="distributed",
            data_dir=Path(data_dir),
            keyspace=f"b{uuid.uuid4().hex[:12]}",
            topic=f"b{uuid.uuid4().hex[:12]}",
            kafka_bootstrap=ends.kafka_bootstrap,
            cassandra_hosts=ends.cassandra_host,
            cassandra_port=ends.cassandra_port,
            redis_url=ends.redis_url,
            cap=history.cap,
            promote_at=10 * history.users,
            demote_below=10 * history.users,
            admin_port=0,
            **numbers,
        )
        await migrate(settings)
        await create_topic(settings)
        profile = await open_profile(settings)
        try:
            await append_all(settings, profile.log.partitions, history.lived())
            yield settings, profile
        finally:
            for generation in await profile.control.generations():
                await drop_views(settings, generation.number)
            await profile.close()


async def rebuilt(settings: Settings, profile: Profile) -> Figures:
    """Rebuild it: seconds of each stage, and of reading the log alone by as many processes; of both
    the processor time of these processes too."""
    cpu_s = [_cpu_of_processes()]
    times: list[tuple[str, float]] = []

    def told(build: Build) -> None:
        times.append((build.stage, time.monotonic()))

    rebuild = Rebuild(profile, settings, SystemClock(), lambda: migrate(settings))
    build = await rebuild.run(Shape(), told)
    cpu_s.append(_cpu_of_processes())
    events = sum(build.ends)
    rows = await _rows(settings, build)
    stages = {name: round(end - began, 2) for (name, began), (_, end) in pairwise(times)}
    whole = times[-1][1] - times[0][1]
    began = time.monotonic()
    work = [(settings, *part) for part in enumerate(build.ends)]
    async with in_parallel(settings.rebuild_process_count) as run:
        await run(_read_one, work)
    read_s = time.monotonic() - began
    cpu_s.append(_cpu_of_processes())
    return {
        "events": events,
        "rows": rows,
        "seconds": round(whole, 2),
        "stages_s": stages,
        "events_per_s": round(events / whole),
        "cpu_s": round(cpu_s[1] - cpu_s[0], 2),
        "read_s": round(read_s, 2),
        "read_cpu_s": round(cpu_s[2] - cpu_s[1], 2),
    }


async def live(settings: Settings, profile: Profile) -> Figures:
    """Feed the same log to live projectors on empty views: as many workers as a rebuild has
    processes."""
    workers = settings.rebuild_process_count
    began = time.monotonic()
    with ExitStack() as running:
        for number in range(workers):
            running.enter_context(lone_worker(settings, number))
        at = await folded(profile)
    took = time.monotonic() - began
    return {
        "workers": workers,
        "events": at,
        "seconds": round(took, 2),
        "events_per_s": round(at / took),
    }


async def folded(profile: Profile) -> int:
    """Wait until the views have all that the log has now; how many events."""
    end = sum(await profile.log.ends())
    while (at := sum((await profile.views.progress()).values())) < end:
        await asyncio.sleep(_POLL_S)
    return at


async def verified(settings: Settings, profile: Profile, number: int) -> Figures:
    """Verify everyone of a generation, timelines alone and then all parts: accounts a minute, with
    the ledger made before."""
    generation = next(g for g in await profile.control.generations() if g.number == number)
    views = await PROFILES[settings.profile].views(settings, generation)
    ledger = await TailedLedger.open(profile.log, settings.log_epoch)
    try:
        began = time.monotonic()
        await ledger.advance(await profile.log.ends())
        found: Figures = {"ledger_s": round(time.monotonic() - began, 1)}
        for name, parts in (("timelines", _TIMELINE), ("accounts", PARTS)):
            reader = readers(_DEPTH)
            verification = Verification(profile.log, ledger, {number: views}, reader, _DEPTH, parts)
            users = await verification.users()
            began = time.monotonic()
            await verification.run(users, generation.buckets, lambda _: None)
            took = time.monotonic() - began
            assert verification.findings[number].users == 0, verification.findings[number].examples
            found[f"{name}_verified"] = {
                "accounts": len(users),
                "entries_each": round(verification.entries / len(users)),
                "per_minute": round(60 * len(users) / took),
            }
        return found
    finally:
        await ledger.close()
        await views.close()


async def _rows(settings: Settings, build: Build) -> int:
    """Timeline rows that were written: of a few users, for all of them."""
    views = await PROFILES[settings.profile].views(settings, build.generation)
    try:
        ids = (await views.account_ids(None, 5_000)).tolist()
        some = ids[:: max(len(ids) // 50, 1)]
        sizes = [
            (await views.timeline(user, Span(limit=settings.cap))).tweets.size for user in some
        ]
        return round(sum(sizes) * len(ids) / len(some))
    finally:
        await views.close()


def _cpu_of_processes() -> float:
    """Seconds that all processes took that were begun here and are over."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read_one(settings: Settings, partition: int, end: int) -> None:
    async def read() -> None:
        log = await PROFILES[settings.profile].log(settings)
        async for _ in stretches(log, partition, end, settings.log_epoch):
            pass
        await log.close()

    asyncio.run(read())
