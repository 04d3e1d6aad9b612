"""Envelopes into the log: the one way that any part appends an event."""

from datetime import UTC, datetime
from typing import Final

from foldline import telemetry
from foldline.core.codec import Codec, Envelope
from foldline.core.position import Position
from foldline.errors import AppendUnknownError, FoldlineError
from foldline.log.port import EventLog, Headers, NewRecord

_CODEC: Final = Codec()


async def append(log: EventLog, envelope: Envelope, source: str) -> Position:
    """Append an envelope under its event's key, with CloudEvents attributes and the trace in the
    headers. `source` names the part that appends. Errors are those of `EventLog.append`."""
    kind = type(envelope.event).__name__
    record = NewRecord(
        key=envelope.event.key,
        value=_CODEC.encode(envelope),
        headers=headers_of(envelope, source),
    )
    try:
        position = await log.append(record)
    except AppendUnknownError:
        telemetry.APPENDS.labels(kind, "unknown").inc()
        raise
    except FoldlineError:
        telemetry.APPENDS.labels(kind, "refused").inc()
        raise
    telemetry.APPENDS.labels(kind, "acknowledged").inc()
    return position


def headers_of(envelope: Envelope, source: str) -> Headers:
    """The CloudEvents attributes of an envelope, in the binary mode of its Kafka binding."""
    at = datetime.fromtimestamp(envelope.occurred_at / 1000, UTC)
    event = envelope.event
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_type", f"foldline.{type(event).__name__}.v{event.VERSION}".encode()),
        ("ce_source", f"/foldline/{source}".encode()),
        ("ce_time", at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()),
        ("content-type", b"application/msgpack"),
        ("traceparent", telemetry.traceparent().encode()),
    )
