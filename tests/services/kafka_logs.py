"""A log in a topic of its own, and reading it whole."""

from collections.abc import AsyncIterator

import pytest

from foldline.log.kafka import KafkaLog, create_topic, open_kafka_log
from foldline.log.port import EventLog, Record
from foldline.settings import Settings
from tests.conftest import WorldSettings


@pytest.fixture
async def settings(world_settings: WorldSettings) -> Settings:
    made = world_settings("distributed", partitions=2)
    await create_topic(made)
    return made


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[KafkaLog]:
    opened = await open_kafka_log(settings)
    yield opened
    await opened.close()


async def everything(log: EventLog) -> list[Record]:
    """All that is in the log, read to its end as it is now."""
    ends = await log.ends()
    reader = await log.reader(dict.fromkeys(range(log.partitions), 0))
    records: list[Record] = []
    try:
        while len(records) < sum(ends):
            taken = await reader.take(1000, 10.0)
            assert taken, f"{len(records)} of {ends} came"
            records += taken
    finally:
        await reader.close()
    return records
