"""Cached values as bytes, for the cache that processes share."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar
from zlib import crc32

import msgspec
import numpy as np

from foldline.caching.keys import Kind
from foldline.core.ids import IntArray
from foldline.views.port import Account, Counts, Restrictions, Tweet

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Format(Generic[V]):
    """How values of a kind are written. `decode` raises ValueError for what is none."""

    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]


def frozen(ids: IntArray) -> IntArray:
    """The same ids, which none of those who share them can change."""
    ids.flags.writeable = False
    return ids


def _dataclass(kind: type[V]) -> Format[V]:
    decoder: msgspec.msgpack.Decoder[V] = msgspec.msgpack.Decoder(kind)
    return Format(msgspec.msgpack.Encoder().encode, decoder.decode)


def _ids_to_bytes(ids: IntArray) -> bytes:
    return ids.astype("<i8").tobytes()


def _ids_of_bytes(value: bytes) -> IntArray:
    return np.frombuffer(value, dtype="<i8").astype(np.int64, copy=False)


def _restrictions_to_bytes(value: Restrictions) -> bytes:
    columns = (value.blocks, value.blocked_by, value.mutes)
    return msgspec.msgpack.encode([_ids_to_bytes(ids) for ids in columns])


def _restrictions_of_bytes(value: bytes) -> Restrictions:
    blocks, blocked_by, mutes = msgspec.msgpack.decode(value, type=tuple[bytes, bytes, bytes])
    return Restrictions(*map(_ids_of_bytes, (blocks, blocked_by, mutes)))


TWEETS: Final = _dataclass(Tweet)
ACCOUNTS: Final = _dataclass(Account)
COUNTS: Final = _dataclass(Counts)
IDS: Final = Format(_ids_to_bytes, _ids_of_bytes)
RESTRICTIONS: Final = Format(_restrictions_to_bytes, _restrictions_of_bytes)

_SHAPES: Final[dict[Kind, type[Any]]] = {
    Kind.TWEET: Tweet,
    Kind.ACCOUNT: Account,
    Kind.COUNTS: Counts,
    Kind.RESTRICTIONS: Restrictions,
}


def name_of(kind: Kind) -> str:
    """The kind with its fields: code that knows others must not read these values as its own."""
    if kind not in _SHAPES:
        return kind.value
    shape = ",".join(f"{field.name}:{field.type}" for field in fields(_SHAPES[kind]))
    return f"{kind}-{crc32(shape.encode()):08x}"
