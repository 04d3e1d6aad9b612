"""Writes of any prepared statement as rows of a batch, in their wire form at once.

The driver binds values one by one into an object, and walks through these again to write a BATCH
message: 14 µs of Python a row. The wire form of a row is its statement's id and its values, each
behind its length, and it is made here in one go.
"""

import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from foldline.packing import Packed, PackedBatch

_PREPARED: Final = 1
_UNSET: Final = struct.pack(">i", -2)  # a null would be a tombstone
_LENGTH: Final = struct.Struct(">i")
_INT: Final = struct.Struct(">ii")
_LONG: Final = struct.Struct(">iq")
_NUMBERS: Final = {"int": _INT, "bigint": _LONG}


class PackedRow(NamedTuple):
    """A row on its way: the key of its partition, and what goes over the wire."""

    routing_key: bytes
    wire: bytes


class RowPacker:
    """Packs the parameters of one prepared statement. None leaves a column as it is."""

    def __init__(self, prepared: Any) -> None:
        kinds = [column.type for column in prepared.column_metadata]
        query_id: bytes = prepared.query_id
        self._head = struct.pack(">BH", _PREPARED, len(query_id)) + query_id
        self._head += struct.pack(">H", len(kinds))
        self._packs = [_pack_of(kind, prepared.protocol_version) for kind in kinds]
        self._keys: Sequence[int] = prepared.routing_key_indexes
        numbers = [_NUMBERS.get(kind.typename) for kind in kinds]
        self._numbers = None if None in numbers else _Numbers([n for n in numbers if n], self._keys)

    def row(self, values: Sequence[Any]) -> PackedRow:
        """One row of these parameters, all of them, in the statement's order."""
        if self._numbers is not None and None not in values:
            return self._numbers.row(self._head, values)
        parts = [
            _UNSET if value is None else pack(value)
            for pack, value in zip(self._packs, values, strict=True)
        ]
        keys = [parts[key][_LENGTH.size :] for key in self._keys]
        return PackedRow(_routing_key(keys), self._head + b"".join(parts))


class _Numbers:
    """Parameters that are all numbers have one form, and are packed in one call."""

    def __init__(self, kinds: Sequence[struct.Struct], keys: Sequence[int]) -> None:
        widths = [kind.size - _LENGTH.size for kind in kinds]
        ends = list(accumulate(kind.size for kind in kinds))
        self._struct = struct.Struct(">" + "".join(kind.format[1:] for kind in kinds))
        self._lengths = [number for width in widths for number in (width, 0)]
        self._keys = [slice(ends[key] - widths[key], ends[key]) for key in keys]

    def row(self, head: bytes, values: Sequence[int]) -> PackedRow:
        fields = self._lengths.copy()
        fields[1::2] = values
        body = self._struct.pack(*fields)
        return PackedRow(_routing_key([body[key] for key in self._keys]), head + body)


def packed_batch(rows: Sequence[PackedRow], keyspace: str) -> PackedBatch:
    """One request for these rows; it goes to a replica of the first."""
    wire = b"".join([row.wire for row in rows])
    return PackedBatch(Packed(len(rows), wire), rows[0].routing_key, keyspace)


def _routing_key(keys: Sequence[bytes]) -> bytes:
    if len(keys) == 1:
        return keys[0]
    return b"".join([struct.pack(">H", len(key)) + key + b"\0" for key in keys])


def _pack_of(kind: Any, protocol_version: int) -> Callable[[Any], bytes]:
    """What writes a value of a CQL type with its length."""
    match kind.typename:
        case "bigint":
            return lambda value: _LONG.pack(8, value)
        case "int":
            return lambda value: _INT.pack(4, value)
        case "text" | "varchar":
            return lambda value: _sized(value.encode())
        case "blob":
            return _sized
        case _:
            return lambda value: _sized(kind.serialize(value, protocol_version))


def _sized(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value
