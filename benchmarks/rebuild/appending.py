"""A history into the log, batch by batch: the product's appends, one by one, would take longer than
all that is measured on it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from foldline.appends import headers_of
from foldline.core.codec import Codec, Envelope
from foldline.core.events import Event
from foldline.core.ids import partition_of
from foldline.settings import Settings

_SENT_AT_ONCE: Final = 32
_ID: Final = "0" * 32
_CODEC: Final = Codec()


async def append_all(settings: Settings, partitions: int, events: Iterable[Event]) -> None:
    """Append the events of each account in their order. They are durable afterwards."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        enable_idempotence=True,
        max_batch_size=settings.max_event_bytes,
    )
    await producer.start()
    try:
        await _Batches(producer, settings.log_name, partitions).append(events)
    finally:
        await producer.stop()


class _Batches:
    def __init__(self, producer: Any, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._filling: dict[int, Any] = defaultdict(producer.create_batch)
        self._sent: list[asyncio.Future[Any]] = []

    async def append(self, events: Iterable[Event]) -> None:
        for event in events:
            envelope = Envelope(_ID, event, 0)
            partition = partition_of(event.key, self._partitions)
            record = {
                "timestamp": None,
                "key": event.key.to_bytes(8, "big"),
                "value": _CODEC.encode(envelope),
                "headers": list(headers_of(envelope, "benchmark")),
            }
            if self._filling[partition].append(**record) is None:  # it is full
                await self._send(partition)
                self._filling[partition].append(**record)
        for partition in list(self._filling):
            await self._send(partition)
        await asyncio.gather(*self._sent)

    async def _send(self, partition: int) -> None:
        batch = self._filling.pop(partition)
        sent = await self._producer.send_batch(batch, self._topic, partition=partition)
        self._sent.append(sent)
        if len(self._sent) == _SENT_AT_ONCE:
            await asyncio.gather(*self._sent)
            self._sent = []
