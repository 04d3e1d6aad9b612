"""Real workers over real Kafka and Cassandra: what is committed, where reading begins, how they
end."""

import signal
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from foldline.core.codec import Codec, Envelope
from foldline.core.events import TweetPosted
from foldline.log.kafka import reset_group
from foldline.log.port import NewRecord
from streams.exits import Exit
from tests.conftest import WorldSettings
from tests.services.worker_world import World, ended, keys_of, left, until, world_of

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
PARTITIONS = 3


@pytest.fixture
async def world(world_settings: WorldSettings) -> AsyncIterator[World]:
    settings = world_settings(
        "distributed", partitions=PARTITIONS, session_timeout_s=6.0, batch_events=16, buckets=4
    )
    async with world_of(settings) as opened:
        yield opened


async def test_no_event_is_lost_however_often_the_worker_ends(world: World) -> None:
    await world.post(authors=30, each=20)
    for kill in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        before = sum((await world.progress()).values())
        worker = await world.start()

        async def moved(before: int = before) -> bool:
            return sum((await world.progress()).values()) > before

        await until("progress", moved)
        code, said = await ended(worker, kill)
        assert code == (-kill if kill is signal.SIGKILL else Exit.STOPPED), said
        await world.assert_committed_within_progress()
        await world.post(authors=30, each=3)
    await world.start()
    await until("the end of the log", world.caught_up)
    await world.assert_everything_is_in_the_views()


async def test_graceful_stop_commits_all_of_progress(world: World) -> None:
    await world.post(authors=30, each=3)
    worker = await world.start()
    await until("the end of the log", world.caught_up)
    code, said = await ended(worker, signal.SIGTERM)
    assert code == Exit.STOPPED, said
    assert await world.committed() == await world.progress()


async def test_halted_partition_stays_and_the_others_go_on(world: World) -> None:
    stuck, *others = (keys_of(partition, PARTITIONS) for partition in range(PARTITIONS))
    for number in range(5):
        await world.put(TweetPosted(stuck[0], number + 1, "before"))
    await world.log.append(NewRecord(stuck[0], newer_version(TweetPosted(stuck[0], 50, "newer"))))
    worker = await world.start()

    async def halted() -> bool:
        status = world.said()
        return status is not None and set(status.halted) == {0}

    await until("the halt", halted)
    for number in range(300):
        await world.put(TweetPosted(stuck[number % 9], number + 100, "behind it"))
        for keys in others:
            await world.put(TweetPosted(keys[number % 9], number + 1000, "elsewhere"))

    async def others_committed() -> bool:
        committed = await world.committed()
        assert committed.get(0, 0) <= 5
        return [committed.get(p) for p in (1, 2)] == [300, 300]

    await until("the commits of the other partitions", others_committed)
    code, said = await ended(worker, signal.SIGTERM)
    assert code == Exit.STOPPED, said
    assert await world.committed() == {0: 5, 1: 300, 2: 300} == await world.progress()


async def test_what_strangers_wrote_reaches_the_projector(world: World) -> None:
    async with AIOKafkaProducer(bootstrap_servers=world.settings.kafka_bootstrap) as stranger:
        topic = world.settings.topic
        await stranger.send_and_wait(topic, key=b"k", partition=0, headers=[("h", None)])
        await stranger.send_and_wait(topic, value=b"", partition=0)
        await stranger.send_and_wait(topic, value=b"\xff\x00", key=b"\xff", partition=0)
    await world.start()
    await until("the end of the log", world.caught_up)
    letters = await world.views.dead_letters(None, 10)
    assert [tuple(letter.position) for letter in letters] == [(0, 0), (0, 1), (0, 2)]
    assert [letter.value for letter in letters] == [None, b"", b"\xff\x00"]


async def test_group_ahead_of_the_view_goes_back_to_progress(world: World) -> None:
    await world.post(authors=30, each=3)
    await reset_group(world.settings, world.group, dict(enumerate(await world.log.ends())))
    await world.start()

    async def done() -> bool:
        progress = await world.progress()
        return [progress.get(p, 0) for p in range(PARTITIONS)] == await world.log.ends()

    await until("the end of the log", done)
    await world.assert_everything_is_in_the_views()
    await until("commits within progress", world.caught_up)


BROKEN = """
import asyncio, sys
from foldline.settings import Settings
from streams import worker

apps = []
make = worker.worker_app
worker.worker_app = lambda *parts: apps.append(make(*parts)) or apps[-1]

class Broken(worker.Projector):
    async def apply(self, records):
        if sum(self.progress.values()) >= 30:
            {breaks}
        await super().apply(records)

worker.Projector = Broken
sys.exit(worker.run_worker(Settings()))
"""


@pytest.mark.parametrize(
    ("breaks", "exits"),
    [
        ("raise ValueError('planted')", Exit.UNEXPECTED),
        ("raise asyncio.CancelledError", Exit.CANCELLED),
        ("await apps[0].consumer.crash(ValueError('planted'))", Exit.CRASHED),
    ],
)
async def test_broken_batch_ends_the_worker_and_is_folded_by_the_next(
    world: World, breaks: str, exits: Exit
) -> None:
    await world.post(authors=30, each=10)
    command = (sys.executable, "-c", BROKEN.format(breaks=breaks))
    code, said = await left(await world.start(command=command))
    assert code == exits, said
    assert 30 <= sum((await world.progress()).values()) < 300
    await world.assert_committed_within_progress()
    await world.start()
    await until("the end of the log", world.caught_up)
    await world.assert_everything_is_in_the_views()


async def test_missing_offset_ends_the_worker_before_anything_is_committed(world: World) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=world.settings.kafka_bootstrap, transactional_id=world.settings.topic
    )
    async with producer:
        for tweet in (1, 2):  # a commit takes an offset that no reader is shown
            event = TweetPosted(keys_of(0, PARTITIONS)[0], tweet, "text")
            value = Codec().encode(Envelope(id=str(tweet), event=event, occurred_at=1))
            async with producer.transaction():
                await producer.send_and_wait(world.settings.topic, value, partition=0)
    code, said = await left(await world.start())
    assert code == Exit.GAP, said
    assert (await world.progress()).get(0, 0) <= 1
    await world.assert_committed_within_progress()


async def test_two_workers_share_the_partitions_and_one_inherits_all(world: World) -> None:
    first = await world.start("one")
    await world.start("two")

    async def shared() -> bool:
        one, two = set(await world.owned("one")), set(await world.owned("two"))
        return bool(one and two) and one | two == {0, 1, 2} and not one & two

    await until("both to own partitions", shared)
    await world.post(authors=30, each=5)
    await until("the end of the log", world.caught_up)
    await ended(first, signal.SIGKILL)
    await world.post(authors=30, each=5)
    await until("the end of the log", world.caught_up)

    async def inherited() -> bool:
        return set(await world.owned("two")) == {0, 1, 2}

    await until("the second to own all partitions", inherited)
    await world.assert_everything_is_in_the_views()


async def test_second_process_of_an_instance_is_refused(world: World) -> None:
    first = await world.start()

    async def works() -> bool:
        return bool(await world.owned())

    await until("the first to own partitions", works)
    code, said = await left(await world.start())
    assert code == Exit.LOCKED
    assert "'worker-1' runs already" in said
    assert str(first.pid) in said
    assert first.returncode is None


async def test_broker_down_at_the_start_is_told_by_the_exit(world: World) -> None:
    world.settings = world.settings.model_copy(
        update={"kafka_bootstrap": "127.0.0.1:1", "append_timeout_s": 2.0}
    )
    code, said = await left(await world.start())
    assert code == Exit.UNAVAILABLE
    assert "127.0.0.1:1" in said


def newer_version(event: TweetPosted) -> bytes:
    """The bytes of an event as a later release may write it."""
    value = Codec().encode(Envelope(id="newer", event=event, occurred_at=1))
    wire = msgspec.msgpack.decode(value)
    return msgspec.msgpack.encode(wire | {"version": wire["version"] + 1})
