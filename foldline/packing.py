"""Batches of one prepared statement, serialized by numpy in one go instead of value by value.

A batch of the driver's is a list of statements with their bytes, which the driver walks through in
Python to write a BATCH message. Where all parameters are integers, a row of the message has a fixed
width: a constant prefix, then each parameter behind its length. So a structured array of rows *is*
their wire form, and one of items is that of lists. `PackedBatch` carries it in the place of the
statements, and `PackingHandler`, by the driver's hook for protocol handlers, puts it into the
message; the rest of the message, its routing, retries and encryption stay the driver's.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from cassandra.protocol import BatchMessage, ProtocolHandler
from cassandra.query import BatchStatement, BatchType

from foldline.core.ids import IntArray

_PREPARED: Final = 1
_COUNT_AT: Final = slice(1, 3)  # in a BATCH message: behind its type
_ROWS_MAX: Final = 65_535  # what the count can say
_COUNT, _LONG = 4, 8
_WIDTHS: Final = {"int": 4, "bigint": _LONG}
_LIST: Final = np.dtype([("length", ">i4"), ("count", ">i4")])
_ITEM: Final = np.dtype([("length", ">i4"), ("value", ">i8")])


class Packed:
    """`count` rows in their wire form, where the driver looks for a batch's statements."""

    def __init__(self, count: int, wire: bytes) -> None:
        self.count = count
        self.wire = wire

    def __len__(self) -> int:
        return self.count


class PackedBatch(BatchStatement):  # type: ignore[misc]  # the driver is not followed
    """An unlogged batch of one partition: a single mutation, applied as a whole."""

    def __init__(self, packed: Packed, routing_key: bytes, keyspace: str) -> None:
        super().__init__(BatchType.UNLOGGED)
        self._statements_and_parameters = packed
        self.routing_key = routing_key
        self.keyspace = keyspace
        self.is_idempotent = True


class PackedStatement:
    """A prepared statement of `int` and `bigint` parameters, the partition key among them, and
    behind those any number of lists of `bigint`."""

    def __init__(self, prepared: Any, weight_max: int) -> None:
        """`weight_max`: of the rows in one batch, which holds one row at least."""
        kinds = [column.type.typename for column in prepared.column_metadata]
        widths = [_WIDTHS[kind] for kind in kinds if kind != "list"]
        self._keys: Sequence[int] = prepared.routing_key_indexes
        self._keyspace = prepared.column_metadata[0].keyspace_name
        self._row = _row_of(prepared.query_id, widths, len(kinds))
        self._weight_max = weight_max

    def batches(
        self, columns: Sequence[IntArray], lists: Sequence[Sequence[bytes]], weights: IntArray
    ) -> Iterator[PackedBatch]:
        """The rows of each partition in batches. `columns`: the parameters in their order, int64
        arrays of one length, sorted by the partition key; what is an `int` must fit into one.
        `lists`: of each list parameter its wire form in each row. `weights`: int64, of each row."""
        rows = np.full(weights.size, self._row)
        for number, column in enumerate(columns):
            rows[f"value_{number}"] = column
        fixed, width = rows.tobytes(), self._row.itemsize
        heads = (fixed[at : at + width] for at in range(0, len(fixed), width))
        wire = [b"".join(parts) for parts in zip(heads, *lists, strict=True)]
        changes = np.any([np.diff(columns[key]) for key in self._keys], axis=0)
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), rows.size]
        weight = np.cumsum(weights)
        for first, end in pairwise(edges):
            key = self._routing_key(rows[first:end])
            for start, stop in self._cuts(weight, first, end):
                yield PackedBatch(
                    Packed(stop - start, b"".join(wire[start:stop])), key, self._keyspace
                )

    def _cuts(self, weight: IntArray, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where to cut the rows from `start` to `end`. `weight`: of all up to each, it included."""
        while start < end:
            before = int(weight[start - 1]) if start else 0
            stop = min(end, start + _ROWS_MAX)
            if weight[stop - 1] - before > self._weight_max:
                fits = int(np.searchsorted(weight, before + self._weight_max, side="right"))
                stop = max(fits, start + 1)
            yield start, stop
            start = stop

    def _routing_key(self, rows: Any) -> bytes:
        # A slice of one row: a scalar would turn its bytes about.
        parts: list[bytes] = [rows[f"value_{key}"][:1].tobytes() for key in self._keys]
        if len(parts) == 1:
            return parts[0]
        return b"".join(struct.pack(">H", len(part)) + part + b"\0" for part in parts)


def packed_lists(values: IntArray, starts: IntArray) -> list[bytes]:
    """The wire form of lists of `bigint`. `values`: int64, of all lists behind one another;
    `starts`: where each begins, ascending from 0, none of them empty."""
    ends = np.append(starts[1:], values.size)
    items = np.empty(values.size, _ITEM)
    items["length"], items["value"] = _LONG, values
    heads = np.empty(starts.size, _LIST)
    heads["count"] = ends - starts
    heads["length"] = heads["count"] * _ITEM.itemsize + _COUNT
    head, item = heads.tobytes(), items.tobytes()
    spans = zip((starts * _ITEM.itemsize).tolist(), (ends * _ITEM.itemsize).tolist(), strict=True)
    return [
        head[at : at + _LIST.itemsize] + item[first:end]
        for at, (first, end) in zip(range(0, len(head), _LIST.itemsize), spans, strict=True)
    ]


class PackingHandler(ProtocolHandler):  # type: ignore[misc]
    """The driver's protocol, with packed batches beside its own."""

    @classmethod
    def encode_message(cls, msg: Any, *frame: Any, **how: Any) -> bytes:
        """The frame of a message; `frame` and `how` as the driver has them."""
        if isinstance(msg, BatchMessage) and isinstance(msg.queries, Packed):
            msg = _Sealed(msg)
        encoded: bytes = super().encode_message(msg, *frame, **how)
        return encoded


class _Sealed:
    """A BATCH message whose rows are packed, as far as the driver asks to encode it."""

    opcode = BatchMessage.opcode

    def __init__(self, message: Any) -> None:
        self._packed: Packed = message.queries
        self._empty = BatchMessage(
            message.batch_type,
            [],
            message.consistency_level,
            message.serial_consistency_level,
            message.timestamp,
            message.keyspace,
        )
        self.custom_payload = message.custom_payload
        self.tracing = message.tracing

    def send_body(self, body: Any, protocol_version: int) -> None:
        written = io.BytesIO()
        self._empty.send_body(written, protocol_version)
        envelope = written.getvalue()
        body.write(envelope[: _COUNT_AT.start])
        body.write(struct.pack(">H", len(self._packed)))
        body.write(self._packed.wire)
        body.write(envelope[_COUNT_AT.stop :])


def _row_of(query_id: bytes, widths: Sequence[int], parameters: int) -> Any:
    """A row's fixed parameters, as zeros: an array of a structured type, to copy all rows from."""
    values = [
        field
        for number, width in enumerate(widths)
        for field in ((f"length_{number}", ">i4"), (f"value_{number}", f">i{width}"))
    ]
    head = [("kind", "u1"), ("id_length", ">u2"), ("id", f"V{len(query_id)}"), ("count", ">u2")]
    row = np.zeros((), dtype=[*head, *values])
    row["kind"], row["id_length"], row["count"] = _PREPARED, len(query_id), parameters
    row["id"] = np.void(query_id)
    for number, width in enumerate(widths):
        row[f"length_{number}"] = width
    return row
