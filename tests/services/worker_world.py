"""An installation with real workers, each a process of its own."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cql.migrator import migrate
from foldline.appends import append
from foldline.core.codec import Envelope
from foldline.core.events import Event, TweetPosted
from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.generation import Generation
from foldline.log.kafka import KafkaLog, create_topic, group_offsets, open_kafka_log
from foldline.settings import Settings
from foldline.views.cassandra import open_cassandra_views
from foldline.views.port import Views
from streams.instance import InstanceStatus, group_of

_MAIN = """
import sys
from foldline.settings import Settings
from foldline.telemetry import configure_logging
from streams.worker import run_worker
configure_logging(as_json=True)
sys.exit(run_worker(Settings()))
"""
WORKER = (sys.executable, "-c", _MAIN)
_PATIENCE_S = 60.0


def environment(settings: Settings) -> dict[str, str]:
    """What makes a child process read the same settings."""
    values = settings.model_dump(mode="json")
    return os.environ | {f"FOLDLINE_{name.upper()}": str(value) for name, value in values.items()}


async def until(what: str, ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `ready`, or fail saying `what` did not come."""
    deadline = time.monotonic() + _PATIENCE_S
    while not await ready():
        assert time.monotonic() < deadline, f"waited {_PATIENCE_S:g} s for: {what}"
        await asyncio.sleep(0.05)


@dataclass
class World:
    """The parts of the installation, seen from outside."""

    settings: Settings
    log: KafkaLog
    views: Views
    group: str
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)
    posted: dict[int, list[int]] = field(default_factory=dict)

    async def start(
        self, instance: str = "worker-1", command: Sequence[str] = WORKER
    ) -> asyncio.subprocess.Process:
        """Start a worker."""
        settings = self.settings.model_copy(update={"worker_instance": instance})
        worker = await asyncio.create_subprocess_exec(
            *command, env=environment(settings), stderr=asyncio.subprocess.PIPE
        )
        self.workers.append(worker)
        return worker

    async def post(self, authors: int, each: int) -> None:
        """Append `each` tweets of every author; what was acknowledged is in `posted`."""

        async def by(author: int) -> None:
            for _ in range(each):
                tweet = len(self.posted.setdefault(author, [])) * 1000 + author
                await self.put(TweetPosted(author, tweet, "text"))
                self.posted[author].append(tweet)

        await asyncio.gather(*(by(author) for author in range(1, authors + 1)))

    async def put(self, event: Event) -> Position:
        envelope = Envelope(id=os.urandom(8).hex(), event=event, occurred_at=1_700_000_000_000)
        return await append(self.log, envelope, "test")

    async def committed(self) -> dict[int, int]:
        return await group_offsets(self.settings, self.group)

    async def progress(self) -> dict[int, int]:
        return await self.views.progress()

    async def assert_committed_within_progress(self) -> None:
        committed = await self.committed()  # read first: progress only rises
        progress = await self.progress()
        assert all(at <= progress.get(p, 0) for p, at in committed.items()), (committed, progress)

    async def caught_up(self) -> bool:
        await self.assert_committed_within_progress()
        progress = await self.progress()
        return [progress.get(p, 0) for p in range(self.log.partitions)] == await self.log.ends()

    async def assert_everything_is_in_the_views(self) -> None:
        for author, tweets in self.posted.items():
            found = await self.views.tweets(tweets)
            assert sorted(found) == sorted(tweets), f"author {author}"

    def said(self, instance: str = "worker-1") -> InstanceStatus | None:
        """What a worker that runs now last said of itself."""
        settings = self.settings.model_copy(update={"worker_instance": instance})
        status = InstanceStatus.read(settings)
        running = [worker.pid for worker in self.workers if worker.returncode is None]
        return status if status is not None and status.pid in running else None

    async def owned(self, instance: str = "worker-1") -> Mapping[int, int]:
        status = self.said(instance)
        return status.progress if status else {}


async def ended(worker: asyncio.subprocess.Process, number: int) -> tuple[int, str]:
    """Send a signal, and answer the exit code and what stood on stderr."""
    worker.send_signal(number)
    return await left(worker)


async def left(worker: asyncio.subprocess.Process) -> tuple[int, str]:
    """Wait until a worker ends by itself."""
    _, said = await asyncio.wait_for(worker.communicate(), _PATIENCE_S)
    assert worker.returncode is not None
    return worker.returncode, said.decode()


def keys_of(partition: int, partitions: int) -> list[int]:
    """Some accounts that live in a partition."""
    return [key for key in range(1, 500) if partition_of(key, partitions) == partition]


@asynccontextmanager
async def world_of(settings: Settings) -> AsyncIterator[World]:
    """A migrated, empty installation; its workers are ended with it."""
    await migrate(settings)
    await create_topic(settings)
    generation = Generation(1, settings.buckets, settings.follower_shards)
    log: Any = await open_kafka_log(settings)
    views = await open_cassandra_views(settings, generation)
    world = World(settings, log, views, group_of(settings, generation))
    try:
        yield world
    finally:
        for worker in world.workers:
            if worker.returncode is None:
                worker.send_signal(signal.SIGKILL)
                await worker.communicate()
        await log.close()
        await views.close()
