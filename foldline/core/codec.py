"""Events as bytes: MessagePack envelopes, read back for ever.

An older version of a payload is brought up step by step by `Upcasts`; a version newer than this
code is not an error of the event but of the roll-out, so it has an exception of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from foldline.core.events import EVENTS, Event
from foldline.errors import NewerVersionError, UndecodableError

Payload = dict[str, Any]
Upcasts = Mapping[tuple[str, int], Callable[[Payload], Payload]]


def _unchanged(payload: Payload) -> Payload:
    return payload


UPCASTS: Final[Upcasts] = {
    # The second version has fields more, all of them optional.
    ("TweetPosted", 1): _unchanged,
    ("TweetDeleted", 1): _unchanged,
}
"""(type, version) → the payload one version up."""


# Nesting a few thousand deep, which fits into any record, ends in a RecursionError.
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Envelope(msgspec.Struct, frozen=True):
    """An event and what is known of it: `occurred_at` in ms since 1970, `cause` the id of the event
    that a derived one follows from."""

    id: str
    event: Event
    occurred_at: int
    idempotency_key: str | None = None
    cause: str | None = None


class _Wire(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    type: str
    version: int
    occurred_at: int
    data: msgspec.Raw
    idempotency_key: str | None = None
    cause: str | None = None


class Codec:
    """Reads and writes envelopes of the given event types."""

    def __init__(
        self, events: Mapping[str, type[Event]] = EVENTS, upcasts: Upcasts = UPCASTS
    ) -> None:
        self._events = events
        self._upcasts = upcasts
        self._encoder = msgspec.msgpack.Encoder()
        self._wire = msgspec.msgpack.Decoder(_Wire)
        self._decoders = {name: msgspec.msgpack.Decoder(kind) for name, kind in events.items()}

    def encode(self, envelope: Envelope) -> bytes:
        """The bytes of an envelope, as the log keeps them."""
        event = envelope.event
        return self._encoder.encode(
            _Wire(
                id=envelope.id,
                type=type(event).__name__,
                version=event.VERSION,
                occurred_at=envelope.occurred_at,
                data=msgspec.Raw(self._encoder.encode(event)),
                idempotency_key=envelope.idempotency_key,
                cause=envelope.cause,
            )
        )

    def decode(self, value: bytes | None) -> Envelope:
        """The envelope in `value`.

        Raises `UndecodableError` for what can never be read (no value, broken bytes, unknown type,
        a payload that is not its type's) and `NewerVersionError` for what newer code can read.
        """
        if value is None:
            raise UndecodableError("the record has no value")
        try:
            wire = self._wire.decode(value)
            return Envelope(
                id=wire.id,
                event=self._event(wire),
                occurred_at=wire.occurred_at,
                idempotency_key=wire.idempotency_key,
                cause=wire.cause,
            )
        except _UNREADABLE as error:
            raise UndecodableError(f"not an event: {error}") from error

    def _event(self, wire: _Wire) -> Event:
        kind = self._events.get(wire.type)
        if kind is None:
            raise UndecodableError(f"unknown event type {wire.type!r}")
        if wire.version > kind.VERSION:
            raise NewerVersionError(
                f"{wire.type} version {wire.version} is newer than version {kind.VERSION}, "
                "the newest that this worker knows"
            )
        if wire.version == kind.VERSION:
            return self._decoders[wire.type].decode(wire.data)
        payload = msgspec.msgpack.decode(wire.data, type=Payload)
        for version in range(wire.version, kind.VERSION):
            upcast = self._upcasts.get((wire.type, version))
            if upcast is None:
                raise UndecodableError(f"{wire.type} never had a version {version}")
            try:
                payload = upcast(payload)
            except (LookupError, TypeError, ValueError) as error:
                raise UndecodableError(
                    f"not a {wire.type} of version {version}: {error!r}"
                ) from error
        return msgspec.convert(payload, kind)
