"""The Faust shell around the projector, held so that it can't lose an event.

Faust brings events; the view decides what is next. Left to itself, Faust acknowledges in a
`finally`: what raised, was cancelled or could not be decoded is committed as if it had been done.
So here

- nothing leaves the agent's body but through `leave`, which ends the process without a last commit;
- what is committed is the projector's progress, whatever Faust believes was acknowledged: also on a
  rebalance, on a graceful stop, and for a halted partition;
- where reading begins is the projector's progress too, and the group is set to it: a group ahead of
  a restored store does no harm, also while other workers keep it from being empty.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import faust
import structlog
from faust.transport.drivers import aiokafka as driver

from foldline.core.position import Position
from foldline.errors import GapInLogError
from foldline.generation import Generation
from foldline.log.port import Record
from foldline.settings import Settings
from streams.exits import Exit, leave
from streams.instance import group_of
from streams.projector import Projector

_HEARTBEATS: Final = 4  # in a session's timeout
_logger = structlog.get_logger()


def worker_app(settings: Settings, generation: Generation, projector: Projector) -> "WorkerApp":
    """The Faust app of one worker, in the running event loop."""
    app = WorkerApp(
        group_of(settings, generation),
        broker=f"kafka://{settings.kafka_bootstrap.replace(',', ';')}",
        loop=asyncio.get_running_loop(),
        autodiscover=False,
        datadir=settings.data_dir / f"{settings.worker_instance}.faust",
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.worker_instance,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / _HEARTBEATS,
        stream_wait_empty=True,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.projector = projector
    topic = app.topic(settings.log_name, key_serializer="raw", value_serializer="raw")

    async def project(stream: Any) -> None:
        batch: list[Record] = []
        try:
            async for event in stream.events():
                batch.append(_record_of(event))
                if len(batch) < settings.batch_events:
                    if stream.channel.empty():
                        await projector.quiet()
                    if not stream.channel.empty():
                        continue
                await _apply(projector, batch)
                batch = []
        except Exception as error:
            leave(Exit.UNEXPECTED, repr(error))

    app.agent(topic, name="projector", concurrency=1)(project)
    return app


async def _apply(projector: Projector, records: list[Record]) -> None:
    try:
        await projector.apply(records)
    except GapInLogError as error:
        leave(Exit.GAP, str(error))
    except asyncio.CancelledError:
        leave(Exit.CANCELLED, "cancelled in the middle of a batch")
    except BaseException as error:
        _logger.exception("batch failed")
        leave(Exit.UNEXPECTED, repr(error))


def _record_of(event: Any) -> Record:
    message = event.message
    return Record(
        position=Position(message.partition, message.offset),
        value=message.value,
        headers=tuple((name, value or b"") for name, value in message.headers or ()),
        appended_at=round(message.timestamp * 1000),
    )


class ProgressConsumer(driver.Consumer):  # type: ignore[misc]  # faust is not followed
    """Reads from progress, and commits progress: nothing else, and never more."""

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Faust waits for the batch in hand before it joins again, the group only for so long."""
        self.app.projector.pause()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Called with the partitions assigned and the flow still stopped."""
        projector: Projector = self.app.projector
        assigned = self.assignment()
        await projector.assign([place.partition for place in assigned])
        offsets = self._progress_of(assigned)
        _logger.info("partitions assigned", progress={p.partition: o for p, o in offsets.items()})
        await self.seek_wait(offsets)
        await self._commit(offsets)
        return offsets

    def _new_offset(self, place: Any) -> int | None:
        # Faust's own books are not read, so they are only kept from growing.
        self._acked[place].clear()
        self._acked_index[place].clear()
        return self._progress_of([place]).get(place)

    def _progress_of(self, places: Any) -> dict[Any, int]:
        progress: Mapping[int, int] = self.app.projector.progress
        return {place: progress[place.partition] for place in places if place.partition in progress}


class _Transport(driver.Transport):  # type: ignore[misc]
    Consumer = ProgressConsumer


class WorkerApp(faust.App):  # type: ignore[misc]
    """A Faust app that ends its process where Faust would stop gracefully after a crash: the
    graceful stop makes a last commit."""

    projector: Projector

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)

    def _crash(self, reason: BaseException) -> None:
        leave(Exit.CRASHED, repr(reason))
