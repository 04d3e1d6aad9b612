"""Fan-out into Cassandra: columns in, one mutation for each bucket they touch."""

from collections.abc import Iterator

import numpy as np

from foldline.cassandra import CassandraSession
from foldline.core.deliveries import Deliveries
from foldline.core.ids import buckets_of
from foldline.packing import PackedBatch, PackedStatement


class TimelineWriter:
    """Writes deliveries and retractions, in any order and as often as one likes."""

    def __init__(self, session: CassandraSession, buckets: int, mutation_bytes: int) -> None:
        """`mutation_bytes`: how large a mutation may be."""
        self._session = session
        self._buckets = buckets
        self._deliver = PackedStatement(session.prepared("deliver"), mutation_bytes)
        self._retract = PackedStatement(session.prepared("retract"), mutation_bytes)

    async def write(self, rows: Deliveries) -> None:
        """Write all rows; they are durable afterwards."""
        await self._session.for_each(self._session.run, self.batches(rows))

    def batches(self, rows: Deliveries) -> Iterator[PackedBatch]:
        """The requests that write all rows, in any order."""
        buckets = buckets_of(rows.users, self._buckets)
        order = np.argsort(buckets, kind="stable")
        buckets, rows = buckets[order], rows.take(order)
        # What is put in and taken out under different stamps may go in any order.
        at, some = buckets[rows.alive], rows.take(rows.alive)
        yield from self._deliver.batches((at, some.users, some.tweets, some.authors, some.stamps))
        at, some = buckets[~rows.alive], rows.take(~rows.alive)
        yield from self._retract.batches((some.stamps, at, some.users, some.tweets))
