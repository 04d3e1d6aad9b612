"""The log on Kafka, with a producer of our own.

What an append may answer is decided here, and it is the hard part:

- an idempotent producer never gives up what it was handed: our deadline ends only the waiting, and
  the event may land long after. So from the hand-over on, a time-out means *unknown*;
- a batch that Kafka refused leaves a hole in the producer's sequence, and every later batch of that
  partition would be refused too: the producer is made anew;
- a success can come without an offset (the broker knew the batch, and forgot where it stands):
  *unknown* as well, and the repeat under the same idempotency key is harmless;
- while Kafka owes an answer since longer than the deadline, new appends are refused at once.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed

from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.errors import AppendUnknownError, InvalidError, LogUnavailableError
from foldline.log.kafka_admin import (
    RECORD_HEADROOM_BYTES,
    close_topic,
    create_topic,
    group_offsets,
    partition_count,
    reset_group,
)
from foldline.log.kafka_reader import KafkaReader
from foldline.log.port import LogReader, NewRecord
from foldline.settings import Settings

__all__ = [
    "KafkaLog",
    "close_topic",
    "create_topic",
    "group_offsets",
    "open_kafka_log",
    "reset_group",
]

Answer = TypeVar("Answer")

_LINGER_MS: Final = 2
_BATCH_BYTES: Final = 65_536
_NO_OFFSET: Final = -1
_STOP_S: Final = 5.0
_REPEAT: Final = "the event may be in the log or not; repeat with the same idempotency key"
_logger = structlog.get_logger()


@dataclass(slots=True)
class _Line:
    """A producer and what it was handed: appends without an answer, and how many of those are
    past their deadline."""

    producer: Any
    outstanding: int = 0
    overdue: int = 0

    async def send(self, **record: Any) -> "asyncio.Future[Any]":
        """Hand a record over. It counts as outstanding until Kafka answers."""
        self.outstanding += 1
        try:
            sent: asyncio.Future[Any] = await self.producer.send(**record)
        except BaseException:
            self.outstanding -= 1
            raise
        sent.add_done_callback(self._answered)
        return sent

    def expect_late(self, sent: "asyncio.Future[Any]") -> None:
        self.overdue += 1
        sent.add_done_callback(self._landed)

    def _answered(self, sent: "asyncio.Future[Any]") -> None:
        self.outstanding -= 1
        sent.exception()  # nobody may be waiting for it any more

    def _landed(self, _: "asyncio.Future[Any]") -> None:
        self.overdue -= 1

    async def end(self) -> None:
        """Give what is in flight a moment to land, and end."""
        try:
            async with asyncio.timeout(_STOP_S):
                await self.producer.stop()
        except TimeoutError:  # it would go on for ever, and no public call ends it
            await self.producer.client.close()
            await self.producer._sender.close()
            self.producer._message_accumulator.fail_all(ProducerClosed())


async def open_kafka_log(settings: Settings) -> "KafkaLog":
    """The log in the topic that the settings name. Raises `MisconfiguredError` where the topic is
    missing or has another number of partitions, `LogUnavailableError`."""
    log = KafkaLog(settings, await partition_count(settings))
    try:
        await log.connect()
    except BaseException:
        await log.close()
        raise
    return log


class KafkaLog:
    """An `EventLog` in one topic. It belongs to the event loop it was opened in; calls from other
    loops are handed over."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self._settings = settings
        self._partitions = partitions
        self._loop = asyncio.get_running_loop()
        self._connecting = asyncio.Lock()
        self._line: _Line | None = None
        self._ends = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap,
            enable_auto_commit=False,
            request_timeout_ms=int(settings.append_timeout_s * 1000),
        )
        self._retired: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def partitions(self) -> int:
        return self._partitions

    async def connect(self) -> None:
        """Reach the brokers. Raises `LogUnavailableError`."""
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                await self._ends.start()
                await self._connected()
        except (KafkaError, TimeoutError) as error:
            raise self._unavailable(error) from error

    async def append(self, record: NewRecord) -> Position:
        return await self._at_home(self._append(record))

    async def ends(self) -> list[int]:
        return await self._at_home(self._read_ends())

    async def reader(self, start: Mapping[int, int]) -> LogReader:
        return await KafkaReader.open(self._settings, start)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._at_home(self._shut())

    async def _at_home(self, call: Coroutine[Any, Any, Answer]) -> Answer:
        if asyncio.get_running_loop() is self._loop:
            return await call
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, self._loop))

    async def _append(self, record: NewRecord) -> Position:
        self._check(record)
        line, sent = await self._hand_over(record)
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                done = await asyncio.shield(sent)
        except TimeoutError as error:
            line.expect_late(sent)
            raise AppendUnknownError(
                f"Kafka did not answer within {self._settings.append_timeout_s:g} s: {_REPEAT}"
            ) from error
        except KafkaError as error:
            self._retire(line)
            raise AppendUnknownError(f"Kafka answered {error!r}: {_REPEAT}") from error
        if done.log_start_offset == _NO_OFFSET:
            raise AppendUnknownError(f"Kafka has the event and can't say where: {_REPEAT}")
        return Position(done.partition, done.offset)

    def _check(self, record: NewRecord) -> None:
        size = len(record.value)
        if size > self._settings.max_event_bytes:
            raise InvalidError(
                f"the event has {size} bytes, the most is {self._settings.max_event_bytes}"
            )
        headers = sum(len(name) + len(value) for name, value in record.headers)
        if headers > RECORD_HEADROOM_BYTES // 2:
            raise InvalidError(
                f"the headers have {headers} bytes, the most is {RECORD_HEADROOM_BYTES // 2}"
            )

    async def _hand_over(self, record: NewRecord) -> "tuple[_Line, asyncio.Future[Any]]":
        """Until this returns nothing was sent: any error is a definite refusal."""
        line = None
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                line = await self._connected()
                if line.overdue:
                    raise LogUnavailableError("Kafka still owes the answer to earlier appends")
                if line.outstanding >= self._settings.append_queue_max:
                    raise LogUnavailableError(f"{line.outstanding} appends wait for Kafka already")
                sent = await line.send(
                    topic=self._settings.log_name,
                    value=record.value,
                    key=record.key.to_bytes(8, "big"),
                    partition=partition_of(record.key, self._partitions),
                    headers=list(record.headers),
                )
        except (KafkaError, TimeoutError) as error:
            if line is not None and isinstance(error, KafkaError):
                self._retire(line)
            raise self._unavailable(error) from error
        return line, sent

    async def _connected(self) -> _Line:
        async with self._connecting:
            if self._closed:
                raise LogUnavailableError("the log is closed")
            if self._line is None:
                self._line = _Line(await self._new_producer())
            return self._line

    async def _new_producer(self) -> Any:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=_LINGER_MS,
            max_batch_size=min(_BATCH_BYTES, self._settings.max_event_bytes),
            max_request_size=self._settings.max_event_bytes + RECORD_HEADROOM_BYTES,
            request_timeout_ms=int(self._settings.append_timeout_s * 1000),
        )
        try:
            await producer.start()
            await producer.partitions_for(self._settings.log_name)
        except BaseException:
            await producer.stop()
            raise
        return producer

    def _retire(self, line: _Line) -> None:
        """Let the next append make a producer; what the old one still holds answers for itself."""
        if line is not self._line:
            return
        _logger.warning("the producer is made anew", topic=self._settings.log_name)
        self._line = None
        task = asyncio.ensure_future(line.end())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def _read_ends(self) -> list[int]:
        places = [TopicPartition(self._settings.log_name, p) for p in range(self._partitions)]
        try:
            found = await self._ends.end_offsets(places)
        except KafkaError as error:
            raise self._unavailable(error) from error
        return [found[place] for place in places]

    async def _shut(self) -> None:
        if self._line is not None:
            await self._line.end()
        await asyncio.gather(*self._retired)
        await self._ends.stop()

    def _unavailable(self, error: BaseException) -> LogUnavailableError:
        return LogUnavailableError(
            f"Kafka does not answer at {self._settings.kafka_bootstrap}: {error!r}"
        )
