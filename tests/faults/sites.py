"""An installation of either profile whose log strangers write to, and whose folding process can be
killed, or be of a later release."""

import asyncio
import os
import signal
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from app.distributed import worker_check
from foldline.cassandra_driver import connect, views_keyspace
from foldline.clock import SystemClock
from foldline.core.ids import partition_of
from foldline.core.position import OFFSET_BITS
from foldline.log.kafka import group_offsets
from foldline.settings import Settings
from streams.instance import group_of
from tests.faults.processes import LATER_RELEASE, Dev, dev, environment
from tests.faults.town import pid_of, restarted
from tests.flow.client import Client, client_of
from tests.flow.worlds import Worker, World, world


@dataclass
class Site(ABC):
    """`settings` reach it from any process."""

    settings: Settings
    client: Client

    @property
    def numbers(self) -> dict[str, object]:
        """The settings for the environment of a command."""
        return {name: getattr(self.settings, name) for name in self.settings.model_fields_set}

    def home(self, user: int) -> int:
        """The partition of an account."""
        return partition_of(user, self.settings.partition_count)

    async def apart(self, count: int) -> list[int]:
        """New accounts that live in as many partitions."""
        found: dict[int, int] = {}
        for number in range(64):
            user = await self.client.join(f"user_{number}")
            found.setdefault(self.home(user), user)
            if len(found) == count:
                break
        return list(found.values())

    @abstractmethod
    async def put(self, partition: int, value: bytes | None) -> str:
        """A record into the log, past all that keeps it sound; its position."""

    @abstractmethod
    async def kill(self) -> None:
        """Kill -9 what folds, and see that it is started again."""

    @abstractmethod
    async def trouble(self) -> str | None:
        """What health says of it."""

    @abstractmethod
    async def update(self) -> None:
        """Replace what folds by the later release."""

    @abstractmethod
    async def fold_again(self) -> None:
        """Let it fold the whole log once more, over the views that stand."""

    @abstractmethod
    async def progress(self) -> tuple[dict[int, int], dict[int, int]]:
        """What was committed, and how far the views are, by partition."""

    @abstractmethod
    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """With the site in such a state that dead letters may be replayed."""
        yield


@dataclass
class EmbeddedSite(Site):
    """One process, and its files."""

    process: Dev

    async def put(self, partition: int, value: bytes | None) -> str:
        low, high = partition << OFFSET_BITS, (partition + 1) << OFFSET_BITS
        with closing(sqlite3.connect(self.settings.data_dir / "log.sqlite", timeout=20)) as log:
            ((place,),) = log.execute(
                "INSERT INTO events SELECT coalesce(max(place) + 1, ?), ?, x'90', 0 FROM events "
                "WHERE place >= ? AND place < ? RETURNING place",
                (low, value, low, high),
            ).fetchall()
            log.commit()
        return f"{partition}-{place - low}"

    async def kill(self) -> None:
        assert await self.process.end(signal.SIGKILL) == -signal.SIGKILL
        await self.process.start()

    async def trouble(self) -> str | None:
        reply = await self.client.ask("GET", f"{self.process.url}/readyz?verbose")
        assert reply.status == (200 if reply.body["ready"] else 503)
        return None if reply.body["ready"] else str(reply.body["parts"]["projector"])

    async def update(self) -> None:
        assert await self.process.end() == 0
        await self.process.start(LATER_RELEASE)

    async def fold_again(self) -> None:
        async with self.alone():
            with closing(sqlite3.connect(self.settings.data_dir / "views-g1.sqlite")) as views:
                views.execute("DELETE FROM progress")
                views.commit()

    async def progress(self) -> tuple[dict[int, int], dict[int, int]]:
        with closing(sqlite3.connect(self.settings.data_dir / "views-g1.sqlite")) as views:
            found = dict(views.execute("SELECT log_partition, next_offset FROM progress"))
        return found, found

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        assert await self.process.end() == 0
        yield
        await self.process.start()


@dataclass
class DistributedSite(Site):
    """Two workers."""

    world: World
    producer: AIOKafkaProducer

    async def put(self, partition: int, value: bytes | None) -> str:
        sent = await self.producer.send_and_wait(
            self.settings.topic, value=value, key=b"", partition=partition
        )
        return f"{partition}-{sent.offset}"

    async def kill(self) -> None:
        killed = [(worker, pid_of(worker)) for worker in self.world.workers]
        for _, pid in killed:
            os.kill(pid, signal.SIGKILL)
        for worker, pid in killed:
            await restarted(worker, pid)

    async def trouble(self) -> str | None:
        control = self.world.profile.control
        checks = [worker_check(w.settings, control, SystemClock()) for w in self.world.workers]
        return "; ".join([said for check in checks if (said := await check())]) or None

    async def update(self) -> None:
        for worker in self.world.workers:
            await worker.stop()
            start_later_release(worker)

    async def fold_again(self) -> None:
        for worker in self.world.workers:
            await worker.stop()
        await asyncio.to_thread(empty, self.settings, ["progress"])
        for worker in self.world.workers:
            worker.start()

    async def progress(self) -> tuple[dict[int, int], dict[int, int]]:
        group = group_of(self.settings, self.world.profile.generation)
        committed = await group_offsets(self.settings, group)
        return committed, await self.world.profile.views.progress()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        yield


def empty(settings: Settings, tables: Iterable[str] | None = None) -> None:
    """Take all rows out of these tables of the views, or of all."""
    keyspace = views_keyspace(settings, 1)
    session = connect(settings)
    try:
        for table in tables or session.cluster.metadata.keyspaces[keyspace].tables:
            session.execute(f"TRUNCATE {keyspace}.{table}", timeout=60)
    finally:
        session.cluster.shutdown()


def start_later_release(worker: Worker) -> None:
    """A worker of the later release, which needs no supervisor here."""
    given = {name: getattr(worker.settings, name) for name in worker.settings.model_fields_set}
    with worker.output.open("ab") as output:
        worker.process = subprocess.Popen(
            [*LATER_RELEASE, "worker", "--lone"],
            env=environment(given),
            stdout=output,
            stderr=output,
        )


@asynccontextmanager
async def site_of(settings: Settings) -> AsyncIterator[Site]:
    """The site that the settings describe, which nobody else uses."""
    if settings.profile == "embedded":
        given = settings.model_dump(include=settings.model_fields_set - {"profile", "data_dir"})
        async with dev(settings.data_dir, "--no-demo", numbers=given) as process:
            await process.start()
            async with client_of(process.url) as client:
                yield EmbeddedSite(settings, client, process)
        return
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    async with producer, world(settings) as made:
        yield DistributedSite(settings, made.client, made, producer)
