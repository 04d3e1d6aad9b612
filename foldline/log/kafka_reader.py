"""Reading the log from Kafka: assigned partitions, offsets of our own, no group."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from foldline.core.position import Position
from foldline.errors import GapInLogError, LogUnavailableError
from foldline.log.port import Record
from foldline.settings import Settings

_AHEAD_S: Final = 0.05  # between two looks for an offset that is past the end


class KafkaReader:
    """A `LogReader` of one topic; it belongs to the event loop it was opened in."""

    def __init__(self, consumer: Any, settings: Settings, start: Mapping[int, int]) -> None:
        self._consumer = consumer
        self._settings = settings
        self._expected = dict(start)

    @classmethod
    async def open(cls, settings: Settings, start: Mapping[int, int]) -> Self:
        """A reader of the partitions in `start`. Raises `LogUnavailableError`."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=int(settings.append_timeout_s * 1000),
        )
        try:
            async with asyncio.timeout(settings.append_timeout_s):
                await consumer.start()
        except BaseException as error:
            await consumer.stop()
            if isinstance(error, KafkaError | TimeoutError):
                raise _unavailable(settings, error) from error
            raise
        places = {TopicPartition(settings.log_name, p): offset for p, offset in start.items()}
        consumer.assign(list(places))
        for place, offset in places.items():
            consumer.seek(place, offset)
        return cls(consumer, settings, start)

    async def take(self, limit: int, wait_s: float) -> list[Record]:
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            left_s = max(deadline - asyncio.get_running_loop().time(), 0.0)
            try:
                found = await self._consumer.getmany(
                    timeout_ms=int(left_s * 1000), max_records=limit
                )
            except OffsetOutOfRangeError as error:
                await self._stay(error.args[0])
                found = {}
            except KafkaError as error:
                raise _unavailable(self._settings, error) from error
            records = [self._next(message) for batch in found.values() for message in batch]
            if records or left_s == 0.0:
                return records

    async def close(self) -> None:
        await self._consumer.stop()

    def _next(self, message: Any) -> Record:
        position = Position(message.partition, message.offset)
        expected = self._expected[message.partition]
        if message.offset != expected:
            raise GapInLogError(f"{position} came where offset {expected} is next")
        self._expected[message.partition] = expected + 1
        headers = tuple([(name, value or b"") for name, value in message.headers])
        return Record(position, message.value, headers, message.timestamp)

    async def _stay(self, places: Mapping[Any, int]) -> None:
        """Wait a little where the log does not reach yet; what it no longer holds is a gap."""
        try:
            begins = await self._consumer.beginning_offsets(list(places))
        except KafkaError as error:
            raise _unavailable(self._settings, error) from error
        for place, offset in places.items():
            if offset < begins[place]:
                raise GapInLogError(
                    f"the log no longer holds {place.partition}-{offset}; "
                    f"it begins at {begins[place]}"
                )
            self._consumer.seek(place, offset)
        await asyncio.sleep(_AHEAD_S)


def _unavailable(settings: Settings, error: BaseException) -> LogUnavailableError:
    return LogUnavailableError(f"Kafka does not answer at {settings.kafka_bootstrap}: {error!r}")
