"""A busy distributed installation, and what its faults are measured by."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from app.graph import Graph, GraphImport
from foldline.core.events import TweetPosted
from foldline.core.position import Position
from foldline.settings import Settings
from streams.instance import InstanceStatus, group_of
from tests.faults.crowd import Crowd, crowd_of, thresholds
from tests.faults.evidence import Watch, kinds_in, torn, watching
from tests.faults.poisons import POISONS
from tests.flow.graph import PREFIX
from tests.flow.looks import profile_faults
from tests.flow.walks import all_faults, home_faults
from tests.flow.worlds import Worker, World, shared, world

RECOVERY_S: Final = 30.0
_TRIES: Final = 15
_BATCH_S: Final = 5.0  # of looking for a batch in hand, after a burst
_POISON_EVERY_S: Final = 0.2
_BURST: Final = 25
_WITNESSES: Final = 40
PARTITIONS: Final = 4

Places = dict[int, tuple[int, int]]


def numbers(graph: Graph) -> dict[str, Any]:
    """Settings that make batches long to write, and everything near its threshold."""
    return {
        "port": 0,
        "partitions": PARTITIONS,
        "buckets": 64,
        "follower_shards": 2,
        "mutation_bytes": 250,
        "requests_in_flight": 16,
        "session_timeout_s": 6.0,
        "celebrity_cache_s": 0.2,
        "cap": 20,
        "trim_samples": 2,
        **thresholds(graph),
    }


@dataclass
class Town:
    """`watch` has looked since the town began."""

    world: World
    crowd: Crowd
    watch: Watch

    async def torn_in(self, partitions: Collection[int]) -> Places:
        """The proof that a batch of these partitions is in hand; {} if there is none."""
        some = self.crowd.most_followed(_WITNESSES)  # in this graph they follow the most, too
        return await torn(self.world.client, self.world.profile.views, some, partitions)

    async def in_mid_batch(self, victims: Collection[int], strike: Callable[[], None]) -> bool:
        """Post a lot, and strike as soon as rows of a batch of these partitions are seen that
        progress has not passed. Whether there was such a moment."""
        await self.crowd.burst(_BURST)
        deadline = time.monotonic() + _BATCH_S
        while time.monotonic() < deadline:
            if await self.torn_in(victims):
                strike()
                return True
        return False

    async def poison(self) -> set[Position]:
        """Events that can't be folded, of every kind, into every partition; where they are."""
        sent = set()
        async with AIOKafkaProducer(
            bootstrap_servers=self.world.settings.kafka_bootstrap
        ) as producer:
            for made_of in POISONS.values():
                value = made_of(TweetPosted(self.crowd.people[0], 1, "nobody acknowledged this"))
                for partition in range(PARTITIONS):
                    topic = self.world.settings.topic
                    record = await producer.send_and_wait(topic, value, b"", partition)
                    sent.add(Position(partition, record.offset))
                await asyncio.sleep(_POISON_EVERY_S)
        return sent

    async def kinds(self) -> Counter[str]:
        return await kinds_in(self.world.profile.log)

    async def progress(self) -> dict[int, int]:
        return await self.world.profile.views.progress()

    async def caught_up(self) -> bool:
        progress = await self.progress()
        ends = await self.world.profile.log.ends()
        return all(progress.get(p, 0) == end for p, end in enumerate(ends))

    async def assert_all_is_well(self) -> None:
        """From now, when nothing is broken any more: lag 0 within the time, health green, what was
        sampled in order, and everybody served the oracle's timeline."""
        await until("lag 0", self.caught_up, RECOVERY_S)
        await shared(self.world.workers, PARTITIONS)
        await until("green health", self._green, RECOVERY_S)
        assert self.watch.faults == []
        client, oracle = self.world.client, self.world.client.oracle()
        people = self.crowd.everybody
        assert (
            await all_faults(
                [home_faults(client, oracle, user, limit=100, back=False) for user in people]
                + [profile_faults(client, oracle, user) for user in people]
            )
            == []
        )

    async def _green(self) -> bool:
        said = [InstanceStatus.read(worker.settings) for worker in self.world.workers]
        return all(each and not each.trouble and not each.halted for each in said)


def pid_of(worker: Worker) -> int:
    """The process that folds, under the worker's supervisor."""
    status = InstanceStatus.read(worker.settings)
    assert status is not None
    return status.pid


def send(worker: Worker, number: signal.Signals) -> None:
    """A signal to the process that folds."""
    os.kill(pid_of(worker), number)


async def restarted(worker: Worker, pid: int) -> None:
    """Wait until another process than `pid` says that it folds."""

    async def other() -> bool:
        return pid_of(worker) != pid

    await until("the worker's next life", other, RECOVERY_S)


async def until(what: str, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until `ready`, or fail saying `what` did not come."""
    deadline = time.monotonic() + seconds
    while not await ready():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for: {what}"
        await asyncio.sleep(0.05)


async def repeated(attempt: Callable[[], Awaitable[Places]]) -> Places:
    """The proof that a fault fell into a batch, repeated until it did."""
    for _ in range(_TRIES):
        if proof := await attempt():
            return proof
    raise AssertionError(f"no fault of {_TRIES} fell into a batch")


@asynccontextmanager
async def town_of(settings: Settings, graph: Graph) -> AsyncIterator[Town]:
    """All people of the graph on an installation with two workers."""
    async with world(settings) as made:
        checkpoint = settings.data_dir / "graph.json"
        await GraphImport(made.commands, graph, checkpoint, PREFIX).run(lambda _: None)
        crowd = await crowd_of(made.client, graph)
        profile = made.profile
        group = group_of(settings, profile.generation)
        async with watching(settings, profile.log, profile.views, group) as watch:
            yield Town(made, crowd, watch)
