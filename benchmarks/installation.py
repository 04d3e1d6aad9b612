"""An installation to measure: keyspaces that know who follows whom, and for each measurement empty
timelines and a topic of its own."""

import asyncio
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.distributed import environment
from benchmarks.workload import Workload
from cql.loader import VIEWS, statements
from cql.migrator import migrate
from foldline.appends import append
from foldline.cassandra import CassandraSession, open_session
from foldline.cassandra_driver import connect, views_keyspace
from foldline.core.codec import Envelope
from foldline.core.events import TweetPosted
from foldline.core.ids import IntArray, buckets_of
from foldline.core.position import Position
from foldline.core.span import Span
from foldline.errors import ViewsUnavailableError
from foldline.log.kafka import create_topic
from foldline.log.port import EventLog
from foldline.packing import PackedBatch, PackedStatement
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from foldline.views.port import ServedViews
from infra.engine import Endpoints
from streams.instance import InstanceStatus

TEXT: Final = "a tweet of the length that tweets have, which is not very long on the whole"
MS: Final = 1_700_000_000_000
_AT_ONCE: Final = 500
_EDGES_AT_ONCE: Final = 200_000
_EDGES_PER_MUTATION: Final = 500
_SAMPLE: Final = 100
_STOP_S: Final = 30
_EMPTIED: Final = ("user_timelines", "tweets_by_id", "tweets_by_user", "users", "progress")


@dataclass(frozen=True, slots=True)
class Coming:
    """What one partition's posts deliver: `rows[n]` by its first `n` events from offset `first`."""

    first: int
    rows: IntArray

    def by(self, progress: int) -> int:
        """Rows delivered at this progress."""
        return int(self.rows[max(0, progress - self.first)])


@dataclass(frozen=True, slots=True)
class Measured:
    """Where one measurement happens. `session` has all named statements of the views."""

    settings: Settings
    profile: Profile
    session: CassandraSession
    work: Workload

    async def post(self, posts: IntArray, after: int = 0) -> dict[int, Coming]:
        """Append so many posts, given by their authors' places, in this order; `after` so many that
        were appended before. Of each partition how its rows come."""
        places = await append_posts(self.profile.log, self.work, posts, after)
        made: dict[int, dict[int, int]] = {}
        for place, size in zip(places, self.work.sizes[posts].tolist(), strict=True):
            made.setdefault(place.partition, {})[place.offset] = size
        return {
            partition: Coming(min(rows), np.cumsum([0, *(rows[at] for at in sorted(rows))]))
            for partition, rows in made.items()
        }

    async def empty(self, *tables: str) -> None:
        """Take all rows out of these tables of the views."""
        await asyncio.to_thread(_empty, self.settings, tables)

    @contextmanager
    def worker(self, number: int) -> Iterator[Path]:
        """As `lone_worker`, on these views."""
        with lone_worker(self.settings, number) as said:
            yield said

    def pid_of(self, number: int) -> int:
        """The process of a worker that has begun to fold."""
        status = InstanceStatus.read(of_worker(self.settings, number))
        assert status is not None, "it says so every second"
        return status.pid


@dataclass(frozen=True, slots=True)
class Installation:
    """Keyspaces with a workload's graph in the views."""

    settings: Settings
    session: CassandraSession
    work: Workload

    @asynccontextmanager
    async def measured(self, **numbers: object) -> AsyncIterator[Measured]:
        """Empty timelines and a new topic; `numbers`: settings that differ."""
        await asyncio.to_thread(_empty, self.settings, _EMPTIED)
        with tempfile.TemporaryDirectory(prefix="foldline-") as data_dir:
            own = {"data_dir": Path(data_dir), "topic": f"b{uuid.uuid4().hex[:12]}"}
            settings = self.settings.model_copy(update=own | numbers)
            await create_topic(settings)
            profile = await open_profile(settings)
            try:
                yield Measured(settings, profile, self.session, self.work)
            finally:
                await profile.close()


@asynccontextmanager
async def installation(
    ends: Endpoints, work: Workload, **numbers: object
) -> AsyncIterator[Installation]:
    """An installation for a workload, its graph loaded; dropped at the end."""
    with tempfile.TemporaryDirectory(prefix="foldline-") as data_dir:
        usual = {
            "profile": "distributed",
            "data_dir": Path(data_dir),
            "keyspace": f"b{uuid.uuid4().hex[:12]}",
            "kafka_bootstrap": ends.kafka_bootstrap,
            "cassandra_hosts": ends.cassandra_host,
            "cassandra_port": ends.cassandra_port,
            "redis_url": ends.redis_url,
            "auth": "trusted-header",
            "limits": "off",
            "admin_port": 0,
        }
        settings = Settings.model_validate(usual | numbers)
        await migrate(settings)
        texts = {name: statement.text for name, statement in statements(VIEWS).items()}
        session = await open_session(settings, _keyspace(settings), texts, ViewsUnavailableError)
        try:
            statement = PackedStatement(session.prepared("put_follower"), _EDGES_PER_MUTATION)
            edges = _edges(work, statement, settings.follower_shards)
            await session.for_each(session.run, edges)
            yield Installation(settings, session, work)
        finally:
            await session.close()
            await asyncio.to_thread(_drop, settings)


async def append_posts(
    log: EventLog, work: Workload, posts: IntArray, after: int = 0
) -> list[Position]:
    """Append so many posts, given by their authors' places, `after` so many earlier ones; where
    each stands, in this order."""

    async def post(number: int, author_id: int) -> Position:
        event = TweetPosted(author_id, tweet_id(number), TEXT)
        envelope = Envelope(id=uuid.uuid4().hex, event=event, occurred_at=MS)
        return await append(log, envelope, "benchmark")

    authors = work.authors[posts].tolist()
    places: list[Position] = []
    for start in range(0, posts.size, _AT_ONCE):
        some = enumerate(authors[start : start + _AT_ONCE], after + start + 1)
        places += await asyncio.gather(*(post(*each) for each in some))
    return places


async def read_back(views: ServedViews, work: Workload, posts: IntArray, first: int = 1) -> None:
    """Some timelines, from that of user `first` on, have what these posts make of them, as
    AssertionError says otherwise."""
    for user in range(first, work.recipients + 1, max(1, work.recipients // _SAMPLE)):
        found = await views.timeline(user, Span(posts.size + 1))
        assert found.tweets.size == work.entries_of(user, posts), f"timeline of {user}"


@contextmanager
def process_of(settings: Settings, said: Path, *arguments: str) -> Iterator[int]:
    """A `foldline` command as a process, which writes what it says into a file; its pid."""
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=os.environ | environment(settings),
            stdout=output,
            stderr=output,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        finally:
            process.kill()


@contextmanager
def lone_worker(settings: Settings, number: int) -> Iterator[Path]:
    """A worker as a process, without a supervisor; the file with what it says."""
    own = of_worker(settings, number)
    said = own.data_dir / f"{own.worker_instance}.log"
    with process_of(own, said, "--log-level", "info", "worker", "--lone"):
        yield said


def of_worker(settings: Settings, number: int) -> Settings:
    """The settings of one worker."""
    return settings.model_copy(update={"worker_instance": f"worker-{number}", "node_id": number})


def tweet_id(number: int) -> int:
    """The id of a measurement's tweet, counted from 1."""
    return number << 22


def _edges(work: Workload, put: PackedStatement, shards: int) -> Iterator[PackedBatch]:
    """Who follows whom, as the fold of the follows would have written it."""
    for author, audience in zip(work.authors.tolist(), work.audiences, strict=True):
        for start in range(0, audience.size, _EDGES_AT_ONCE):
            some = audience[start : start + _EDGES_AT_ONCE]
            lies_in = buckets_of(some, shards)
            order = np.argsort(lies_in, kind="stable")
            one = np.ones_like(some)
            yield from put.batches((one * author, lies_in[order], some[order], one, one), (), one)


@contextmanager
def blocking_session(settings: Settings, keyspace: str | None = None) -> Iterator[Any]:
    """The driver's own session."""
    session = connect(settings, keyspace)
    try:
        yield session
    finally:
        session.cluster.shutdown()


def _empty(settings: Settings, tables: Iterable[str]) -> None:
    with blocking_session(settings) as session:
        for table in tables:
            session.execute(f"TRUNCATE {_keyspace(settings)}.{table}", timeout=60)


def _drop(settings: Settings) -> None:
    with blocking_session(settings) as session:
        for name in (_keyspace(settings), settings.keyspace):
            session.execute(f"DROP KEYSPACE IF EXISTS {name}", timeout=60)


def _keyspace(settings: Settings) -> str:
    return views_keyspace(settings, 1)
