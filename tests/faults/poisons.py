"""Records that no worker can fold, of every kind."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from foldline.core.codec import Codec, Envelope
from foldline.core.events import Event, TweetPosted

_AT_MS: Final = 1_700_000_000_000
_DEEP: Final = 20_000


def encoded(event: Event) -> bytes:
    """A sound event's bytes."""
    return Codec().encode(Envelope(id="written by a test", event=event, occurred_at=_AT_MS))


def with_fields(event: Event, **fields: Any) -> bytes:
    """The same with other fields of the envelope."""
    return msgspec.msgpack.encode(msgspec.msgpack.decode(encoded(event)) | fields)


def with_data(event: Event, **fields: Any) -> bytes:
    """The same with other fields of the payload."""
    return with_fields(event, data=msgspec.to_builtins(event) | fields)


def newer(event: Event) -> bytes:
    """As the next release may write it."""
    return with_fields(event, version=event.VERSION + 1)


POISONS: Final[dict[str, Callable[[TweetPosted], bytes | None]]] = {
    "the record has no value": lambda _: None,
    "truncated": lambda _: b"",
    "not an event: ": lambda _: b"\xff\xfe bad bytes \x00",
    "trailing characters": lambda sound: encoded(sound) + b"\x01",
    "unknown event type 'TweetForged'": lambda sound: with_fields(sound, type="TweetForged"),
    "never had a version 0": lambda sound: with_fields(sound, version=0),
    "Expected `str`, got `int`": lambda sound: with_data(sound, text=5),
    "Expected `int`, got `str`": lambda sound: with_fields(sound, version="one"),
    "`int` >= 1": lambda sound: with_data(sound, tweet_id=-1),
    f"`int` <= {(1 << 63) - 1}": lambda sound: with_data(sound, author_id=1 << 63),
    "missing required field": lambda sound: with_fields(sound, data={"author_id": 1}),
    "recursion": lambda sound: with_fields(
        sound, data=msgspec.Raw(b"\x91" * _DEEP + b"\x90"), type="TweetPosted"
    ),
}
"""A part of what the dead letter must say → the value, made of a sound event."""
