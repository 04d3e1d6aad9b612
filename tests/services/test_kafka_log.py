"""What only the Kafka adapter can get wrong, on a real broker."""

import asyncio
import socket
import threading
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.errors import (
    ConflictError,
    GapInLogError,
    InvalidError,
    LogUnavailableError,
    MisconfiguredError,
)
from foldline.log.kafka import (
    KafkaLog,
    create_topic,
    group_offsets,
    open_kafka_log,
    reset_group,
)
from foldline.log.port import NewRecord, Record
from foldline.settings import Settings
from tests.conftest import WorldSettings
from tests.services.kafka_logs import everything, log, settings

__all__ = ["log", "settings"]

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]


async def test_topic_is_made_once_and_keeps_everything(settings: Settings) -> None:
    await asyncio.gather(*(create_topic(settings) for _ in range(5)))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, settings.topic)]
        )
    finally:
        await admin.close()
    configs = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert configs["cleanup.policy"] == "delete"
    assert configs["retention.ms"] == configs["retention.bytes"] == "-1"
    assert configs["flush.messages"] == "1"
    assert configs["message.timestamp.type"] == "LogAppendTime"


async def test_partition_count_is_the_topics_and_must_agree(settings: Settings) -> None:
    silent = settings.model_copy(update={"partitions": 0})
    log = await open_kafka_log(silent)
    assert log.partitions == 2
    await log.close()
    other = settings.model_copy(update={"partitions": 3})
    with pytest.raises(MisconfiguredError, match="2 partitions"):
        await open_kafka_log(other)
    with pytest.raises(MisconfiguredError, match="2 partitions"):
        await create_topic(other)


async def test_missing_topic_says_what_to_do(world_settings: WorldSettings) -> None:
    with pytest.raises(MisconfiguredError, match="foldline migrate"):
        await open_kafka_log(world_settings("distributed"))


@pytest.mark.parametrize("listens", [False, True])
async def test_no_broker_ends_in_an_error_not_in_waiting(
    world_settings: WorldSettings, listens: bool
) -> None:
    with socket.socket() as dumb:
        dumb.bind(("127.0.0.1", 0))
        if listens:
            dumb.listen()
        base = world_settings("embedded", append_timeout_s=1.0)
        settings = base.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{dumb.getsockname()[1]}"})
        began = time.monotonic()
        with pytest.raises(LogUnavailableError):
            await open_kafka_log(settings)
        assert time.monotonic() - began < 4.0


async def test_appends_lie_in_their_keys_partition_in_order(log: KafkaLog) -> None:
    async def write(key: int) -> None:
        for number in range(50):
            position = await log.append(NewRecord(key, b"%d:%d" % (key, number)))
            assert position.partition == partition_of(key, log.partitions)

    await asyncio.gather(*(write(key) for key in range(20)))
    seen: dict[int, list[int]] = {}
    for record in await everything(log):
        assert record.value is not None
        key, number = map(int, record.value.split(b":"))
        assert record.position.partition == partition_of(key, log.partitions)
        seen.setdefault(key, []).append(number)
    assert seen == {key: list(range(50)) for key in range(20)}


async def test_other_event_loops_may_append(log: KafkaLog) -> None:
    answers: list[Position] = []

    async def append() -> None:
        answers.append(await log.append(NewRecord(1, b"from elsewhere")))
        assert sum(await log.ends()) == 1

    thread = threading.Thread(target=lambda: asyncio.run(append()))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert [record.position for record in await everything(log)] == answers


async def test_records_of_strange_writers_are_kept(settings: Settings, log: KafkaLog) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as stranger:
        await stranger.send_and_wait(settings.topic, key=b"k", partition=0, headers=[("h", None)])
        await stranger.send_and_wait(settings.topic, value=b"", partition=0)
    first, second = await everything(log)
    assert (first.value, first.headers) == (None, (("h", b""),))
    assert second.value == b""
    assert abs(second.appended_at - time.time() * 1000) < 60_000


async def test_the_largest_event_fits_and_a_larger_one_is_refused(
    settings: Settings, log: KafkaLog
) -> None:
    most = settings.max_event_bytes
    headers = tuple((f"h{n}", b"v" * 100) for n in range(70))
    await log.append(NewRecord(1, b"x" * most, headers))
    with pytest.raises(InvalidError, match="the most is"):
        await log.append(NewRecord(1, b"x" * (most + 1)))
    with pytest.raises(InvalidError, match="headers"):
        await log.append(NewRecord(1, b"x", headers * 2))
    assert sum(await log.ends()) == 1


async def test_what_the_log_no_longer_holds_is_a_gap(settings: Settings, log: KafkaLog) -> None:
    key = next(key for key in range(9) if partition_of(key, 2) == 0)
    for number in range(6):
        await log.append(NewRecord(key, b"%d" % number))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(settings.topic, 0): RecordsToDelete(3)})
    await admin.close()
    reader = await log.reader({0: 0})
    with pytest.raises(GapInLogError, match="begins at 3"):
        await reader.take(10, 10.0)
    await reader.close()
    reader = await log.reader({0: 3})
    assert [record.value for record in await reader.take(10, 10.0)] == [b"3", b"4", b"5"]
    await reader.close()


async def test_an_offset_missing_in_the_middle_is_a_gap(settings: Settings, log: KafkaLog) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap, transactional_id=settings.topic
    )
    async with producer:
        for value in (b"a", b"b"):  # a commit takes an offset that no reader is shown
            async with producer.transaction():
                await producer.send_and_wait(settings.topic, value, partition=0)
    reader = await log.reader({0: 0})
    with pytest.raises(GapInLogError, match="where offset 1 is next"):
        while True:
            assert await reader.take(10, 10.0)
    await reader.close()


async def test_reader_past_the_end_waits_for_exactly_its_offset(log: KafkaLog) -> None:
    key = next(key for key in range(9) if partition_of(key, 2) == 0)
    reader = await log.reader({0: 2, 1: 0})
    assert await reader.take(10, 0.2) == []
    for number in range(4):
        await log.append(NewRecord(key, b"%d" % number))
    taken: list[Record] = []
    while len(taken) < 2:
        taken += await reader.take(10, 10.0)
    assert [record.value for record in taken] == [b"2", b"3"]
    await reader.close()


async def test_group_offsets_are_set_while_nobody_is_in_the_group(
    settings: Settings, log: KafkaLog
) -> None:
    assert await group_offsets(settings, "g") == {}
    await reset_group(settings, "g", {0: 7, 1: 0})
    assert await group_offsets(settings, "g") == {0: 7, 1: 0}
    await reset_group(settings, "g", {0: 3})
    assert await group_offsets(settings, "g") == {0: 3, 1: 0}
    await log.append(NewRecord(1, b"x"))
    consumer = AIOKafkaConsumer(
        settings.topic,
        bootstrap_servers=settings.kafka_bootstrap,
        group_id="g",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with consumer:
        await consumer.getmany(timeout_ms=5_000)
        assert consumer.assignment()
        with pytest.raises(ConflictError, match="has members"):
            await reset_group(settings, "g", {0: 1})
    assert await group_offsets(settings, "g") == {0: 3, 1: 0}
