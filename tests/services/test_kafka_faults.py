"""Appends to a broker that is paused, killed, or at odds with the producer."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.errors import (
    AppendUnknownError,
    LogUnavailableError,
)
from foldline.log.kafka import (
    KafkaLog,
    create_topic,
    open_kafka_log,
)
from foldline.log.port import NewRecord
from foldline.settings import Settings
from infra.engine import Engine
from infra.local.stack import LocalStack
from tests.conftest import WorldSettings
from tests.services.kafka_logs import everything, log, settings

__all__ = ["log", "settings"]

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A broker of our own, to be paused and killed."""
    engine = LocalStack(tmp_path_factory.mktemp("broker")).kafka
    engine.start()
    engine.wait_healthy()
    yield engine
    engine.resume()
    engine.stop()


@pytest.fixture
async def frail(
    broker: Engine, world_settings: WorldSettings
) -> AsyncIterator[tuple[Settings, KafkaLog]]:
    base = world_settings("embedded", partitions=1, append_timeout_s=2.0, append_queue_max=10)
    settings = base.model_copy(
        update={"profile": "distributed", "kafka_bootstrap": f"127.0.0.1:{broker.port}"}
    )
    await create_topic(settings)
    log = await open_kafka_log(settings)
    yield settings, log
    broker.resume()
    await log.close()


def paused(broker: Engine) -> None:
    """Stop the broker, and wait until the last of its threads stands still."""
    broker.pause()
    tasks = Path(f"/proc/{broker.pid}/task")
    while not all(
        (task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir()
    ):
        time.sleep(0.01)


async def within(seconds: float, log: KafkaLog, record: NewRecord) -> Position:
    """Append as soon as the log takes it again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await log.append(record)
        except LogUnavailableError:
            assert time.monotonic() < deadline, "the log did not come back"
            await asyncio.sleep(0.05)


async def test_refused_sequence_costs_a_producer_not_the_log(
    settings: Settings, log: KafkaLog
) -> None:
    await log.append(NewRecord(1, b"before"))
    assert log._line is not None
    hole = log._line.producer._txn_manager
    hole.increment_sequence_number(TopicPartition(settings.topic, partition_of(1, 2)), 7)
    with pytest.raises(AppendUnknownError, match="OutOfOrderSequenceNumber"):
        await log.append(NewRecord(1, b"refused"))
    await log.append(NewRecord(1, b"after"))
    assert [record.value for record in await everything(log)] == [b"before", b"after"]


async def test_a_batch_sent_twice_keeps_its_place(settings: Settings, log: KafkaLog) -> None:
    place = TopicPartition(settings.topic, partition_of(1, 2))
    positions = [await log.append(NewRecord(1, b"%d" % number)) for number in range(9)]
    assert log._line is not None
    log._line.producer._txn_manager._sequence_numbers[place] = 8  # as if its answer was lost
    assert await log.append(NewRecord(1, b"8")) == positions[8]
    assert sum(await log.ends()) == 9


async def test_success_without_an_offset_is_not_given_a_false_one(
    settings: Settings, log: KafkaLog
) -> None:
    assert log._line is not None
    batches = log._line.producer._message_accumulator._batches
    appending = [asyncio.ensure_future(log.append(NewRecord(1, b"x"))) for _ in range(2)]
    while not (found := batches.get(TopicPartition(settings.topic, partition_of(1, 2)))):
        await asyncio.sleep(0)
    found[0].done(-1, -1, -1)  # what the producer makes of a DuplicateSequenceNumber
    for append in appending:
        with pytest.raises(AppendUnknownError, match="can't say where"):
            await append


async def test_deadline_means_unknown_and_the_next_is_refused_at_once(
    frail: tuple[Settings, KafkaLog], broker: Engine
) -> None:
    _, log = frail
    await log.append(NewRecord(1, b"first"))
    await asyncio.to_thread(paused, broker)
    with pytest.raises(AppendUnknownError):
        await log.append(NewRecord(1, b"late"))
    began = time.monotonic()
    with pytest.raises(LogUnavailableError):
        await log.append(NewRecord(1, b"never"))
    assert time.monotonic() - began < 0.5
    broker.resume()
    await within(20.0, log, NewRecord(1, b"last"))
    assert [record.value for record in await everything(log)] == [b"first", b"late", b"last"]


async def test_queue_is_bounded_and_the_refused_never_appear(
    frail: tuple[Settings, KafkaLog], broker: Engine
) -> None:
    _, log = frail
    await asyncio.to_thread(paused, broker)
    outcomes = await asyncio.gather(
        *(log.append(NewRecord(1, b"%d" % number)) for number in range(30)),
        return_exceptions=True,
    )
    unknown = [n for n, error in enumerate(outcomes) if isinstance(error, AppendUnknownError)]
    refused = [n for n, error in enumerate(outcomes) if isinstance(error, LogUnavailableError)]
    assert (len(unknown), len(refused)) == (10, 20)
    broker.resume()
    await within(20.0, log, NewRecord(1, b"last"))
    values = [record.value for record in await everything(log)]
    assert values == [b"%d" % n for n in unknown] + [b"last"]


async def test_cancelled_caller_does_not_close_the_log_for_others(
    frail: tuple[Settings, KafkaLog],
) -> None:
    _, log = frail
    gone = asyncio.ensure_future(log.append(NewRecord(1, b"cancelled")))
    await asyncio.sleep(0)
    gone.cancel()
    await log.append(NewRecord(1, b"mine"))


async def test_killed_broker_loses_and_doubles_nothing(
    frail: tuple[Settings, KafkaLog], broker: Engine
) -> None:
    _, log = frail
    acknowledged: list[bytes] = []
    unknown: set[bytes] = set()
    stopping = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            value = b"%d" % number
            try:
                await log.append(NewRecord(1, value))
            except AppendUnknownError:
                unknown.add(value)
            except LogUnavailableError:
                await asyncio.sleep(0.02)
            else:
                acknowledged.append(value)

    writing = asyncio.ensure_future(write())
    while len(acknowledged) < 50:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(3.0)  # longer than the deadline
    await asyncio.to_thread(broker.start)
    await asyncio.to_thread(broker.wait_healthy)
    before = len(acknowledged)
    while len(acknowledged) < before + 50:
        await asyncio.sleep(0.05)
    stopping.set()
    await writing
    values = [record.value for record in await everything(log)]
    assert [value for value in values if value not in unknown] == acknowledged
    assert len(values) == len(set(values))
    assert unknown


async def test_ends_and_readers_outlive_a_restarted_broker(
    frail: tuple[Settings, KafkaLog], broker: Engine
) -> None:
    _, log = frail
    await log.append(NewRecord(1, b"before"))
    reader = await log.reader({0: 0})
    assert len(await reader.take(10, 10.0)) == 1
    await asyncio.to_thread(broker.kill)
    with pytest.raises(LogUnavailableError):
        await log.ends()
    await asyncio.to_thread(broker.start)
    await asyncio.to_thread(broker.wait_healthy)
    await within(20.0, log, NewRecord(1, b"after"))
    assert await log.ends() == [2]
    assert [record.value for record in await reader.take(10, 20.0)] == [b"after"]
    await reader.close()
