"""The topic of the log, and the offsets that consumer groups committed in it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import CommitFailedError, KafkaError

from foldline.errors import ConflictError, LogUnavailableError, MisconfiguredError
from foldline.settings import Settings

Answer = TypeVar("Answer")

_NO_ERROR: Final = 0
_NO_TOPIC: Final = 3
_TOPIC_EXISTS: Final = 36
_BROKERS_CHOICE: Final = -1  # of the replication factor: default.replication.factor
_PAUSE_S: Final = 0.1
RECORD_HEADROOM_BYTES: Final = 16_384
"""What a record needs beyond its value: headers, key, the frame of its batch."""


async def create_topic(settings: Settings) -> None:
    """Make the topic that is the log, unless it is there; answer when it can be written.

    Idempotent, also when several processes do it at once. Raises `MisconfiguredError` where the
    topic has another number of partitions, `LogUnavailableError`.
    """
    topic = NewTopic(
        settings.log_name,
        settings.partition_count,
        _BROKERS_CHOICE,
        replica_assignments={},  # aiokafka wants them with the broker's choice
        topic_configs=_configs(settings),
    )
    async with _admin(settings) as admin:

        async def create() -> None:
            answer = await admin.create_topics([topic])
            for _, code, message in answer.topic_errors:
                if code not in (_NO_ERROR, _TOPIC_EXISTS):
                    raise MisconfiguredError(f"topic {settings.log_name} can't be made: {message}")

        await _steadily(settings, create)
        await _steadily(settings, lambda: _count(admin, settings, made=True))


async def close_topic(settings: Settings, *, closed: bool = True) -> None:
    """Let nothing be appended any more, by whomever, or let it be again. Raises
    `LogUnavailableError`."""
    configs = _configs(settings) | ({"max.message.bytes": "0"} if closed else {})
    topic = ConfigResource(ConfigResourceType.TOPIC, settings.log_name, configs=configs)
    async with _admin(settings) as admin:
        for answer in await admin.alter_configs([topic]):
            for code, message, *_ in answer.resources:
                if code != _NO_ERROR:
                    raise LogUnavailableError(f"Kafka did not close the topic: {message}")


def _configs(settings: Settings) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "flush.messages": "1",  # fsync before the answer
        "max.message.bytes": str(settings.max_event_bytes + RECORD_HEADROOM_BYTES),
        "message.timestamp.type": "LogAppendTime",
    }


async def partition_count(settings: Settings) -> int:
    """The partitions of the log's topic. Raises `MisconfiguredError` where there is no such topic
    or the settings say another number, `LogUnavailableError`."""
    async with _admin(settings) as admin:
        return await _steadily(settings, lambda: _count(admin, settings, made=False))


async def group_offsets(settings: Settings, group: str) -> dict[int, int]:
    """What `group` committed: the next offset of each partition that it ever committed.
    Raises `LogUnavailableError`."""
    async with _admin(settings) as admin:
        found = await _steadily(settings, lambda: admin.list_consumer_group_offsets(group))
    return {
        at.partition: committed.offset
        for at, committed in found.items()
        if at.topic == settings.log_name and committed.offset >= 0
    }


async def reset_group(settings: Settings, group: str, offsets: Mapping[int, int]) -> None:
    """Commit `offsets` (partition → next offset) for a group without members, up or down.

    Raises `ConflictError` where the group has members, `LogUnavailableError`.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, group_id=group, enable_auto_commit=False
    )
    places = {TopicPartition(settings.log_name, p): offset for p, offset in offsets.items()}
    try:
        async with asyncio.timeout(settings.append_timeout_s):
            await consumer.start()
            consumer.assign(list(places))
            await consumer.commit(places)
    except CommitFailedError as error:
        raise ConflictError(f"group {group} has members: stop its workers first") from error
    except (KafkaError, TimeoutError) as error:
        raise LogUnavailableError(f"Kafka did not take the offsets of {group}: {error}") from error
    finally:
        await consumer.stop()


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap,
        request_timeout_ms=int(settings.append_timeout_s * 1000),
    )
    try:
        async with asyncio.timeout(settings.append_timeout_s):
            await admin.start()
        yield admin
    except (KafkaError, TimeoutError) as error:
        raise LogUnavailableError(
            f"Kafka does not answer at {settings.kafka_bootstrap}: {error!r}"
        ) from error
    finally:
        await admin.close()


async def _steadily(settings: Settings, call: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of `call`, repeated while Kafka says that it is not ready."""
    async with asyncio.timeout(settings.append_timeout_s):
        while True:
            try:
                return await call()
            except KafkaError as error:
                if not error.retriable:
                    raise
            await asyncio.sleep(_PAUSE_S)


class _NotReadyError(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The topic is there, its leaders are not yet."""

    retriable = True


async def _count(admin: Any, settings: Settings, *, made: bool) -> int:
    (topic,) = await admin.describe_topics([settings.log_name])
    if topic["error_code"] == _NO_TOPIC and not made:
        raise MisconfiguredError(
            f"there is no topic {settings.log_name!r}: run 'foldline migrate' first"
        )
    partitions = topic["partitions"]
    if topic["error_code"] or any(p["error_code"] or p["leader"] < 0 for p in partitions):
        raise _NotReadyError
    if settings.partitions not in (0, len(partitions)):
        raise MisconfiguredError(
            f"topic {settings.log_name!r} has {len(partitions)} partitions, the settings say "
            f"{settings.partitions}; the count is fixed when a log is made"
        )
    return len(partitions)
