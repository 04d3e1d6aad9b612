"""Fan-out into Cassandra: of each effect one statement for each bucket it touches.

A statement says "these users, these tweets", so what it costs Cassandra to take one in is shared by
all its rows; the statements of a bucket share a mutation.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from foldline.cassandra import CassandraSession
from foldline.core.deliveries import Tile, parts
from foldline.core.effects import Deliver, Effect
from foldline.core.ids import IntArray, buckets_of
from foldline.packing import PackedBatch, PackedStatement, packed_lists

_ROW_BYTES: Final = 40  # about, of a row in a mutation


class TimelineWriter:
    """Writes deliveries and retractions, in any order and as often as one likes."""

    def __init__(
        self, session: CassandraSession, buckets: int, mutation_bytes: int, rows_per_part: int
    ) -> None:
        """`mutation_bytes`: how large a mutation may be; `rows_per_part`: how many rows are
        prepared at a time."""
        self._session = session
        self._buckets = buckets
        self._rows_per_mutation = max(1, mutation_bytes // _ROW_BYTES)
        self._rows_per_part = rows_per_part
        self._deliver = PackedStatement(session.prepared("deliver"), self._rows_per_mutation)
        self._retract = PackedStatement(session.prepared("retract"), self._rows_per_mutation)

    async def write(self, effects: Iterable[Effect]) -> None:
        """Write the timelines' part of all effects; it is durable afterwards."""
        await self._session.for_each(self._session.run, self.batches(effects))

    def batches(self, effects: Iterable[Effect]) -> Iterator[PackedBatch]:
        """The requests that write them, in any order."""
        for part in parts(effects, self._rows_per_part, self._rows_per_mutation):
            # What is put in and taken out under different stamps may go in any order.
            put = [tile for tile in part if isinstance(tile, Deliver)]
            if put:
                yield from self._batches(self._deliver, put, [_stamps(put), _authors(put)])
            out = [tile for tile in part if not isinstance(tile, Deliver)]
            if out:
                yield from self._batches(self._retract, out, [_stamps(out)])

    def _batches(
        self, statement: PackedStatement, tiles: Sequence[Tile], columns: Sequence[IntArray]
    ) -> Iterator[PackedBatch]:
        """`columns`: the first parameters, of each tile."""
        users, buckets, of = self._by_bucket(tiles)
        heights = np.array([tile.tweets.size for tile in tiles])
        widest = np.maximum(1, self._rows_per_mutation // heights)
        starts = _starts(buckets, of, widest)
        own = of[starts]
        tweets = [packed_lists(tile.tweets, np.zeros(1, dtype=np.int64))[0] for tile in tiles]
        yield from statement.batches(
            [*(column[own] for column in columns), buckets[starts]],
            [packed_lists(users, starts), [tweets[tile] for tile in own.tolist()]],
            np.diff(starts, append=users.size) * heights[own],
        )

    def _by_bucket(self, tiles: Sequence[Tile]) -> tuple[IntArray, IntArray, IntArray]:
        """All recipients, by bucket; with the bucket of each, and the place of its tile."""
        users = np.concatenate([tile.recipients for tile in tiles])
        of = np.repeat(np.arange(len(tiles)), [tile.recipients.size for tile in tiles])
        buckets = buckets_of(users, self._buckets)
        order = np.argsort(buckets.astype(np.uint16), kind="stable")  # so small, it counts them
        return users[order], buckets[order], of[order]


def _starts(buckets: IntArray, of: IntArray, widest: IntArray) -> IntArray:
    """Where each statement's users begin: of one bucket and one tile, and not too many."""
    places = np.arange(of.size)
    new = np.ones(of.size, dtype=np.bool_)
    new[1:] = (buckets[1:] != buckets[:-1]) | (of[1:] != of[:-1])
    first = np.maximum.accumulate(np.where(new, places, 0))
    starts: IntArray = np.flatnonzero(new | ((places - first) % widest[of] == 0))
    return starts


def _stamps(tiles: Sequence[Tile]) -> IntArray:
    return np.array([tile.stamp for tile in tiles], dtype=np.int64)


def _authors(tiles: Sequence[Tile]) -> IntArray:
    return np.array([tile.author_id for tile in tiles], dtype=np.int64)
