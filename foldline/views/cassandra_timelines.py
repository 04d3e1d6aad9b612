"""Fan-out into Cassandra: columns in, one mutation for each bucket they touch."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from foldline.cassandra import CassandraSession, unlogged_batch
from foldline.core.deliveries import Deliveries
from foldline.core.ids import buckets_of


class TimelineWriter:
    """Writes deliveries and retractions, in any order and as often as one likes."""

    def __init__(self, session: CassandraSession, buckets: int, rows_per_mutation: int) -> None:
        self._session = session
        self._buckets = buckets
        self._rows_per_mutation = rows_per_mutation

    async def write(self, rows: Deliveries) -> None:
        """Write all rows; they are durable afterwards."""
        await self._session.for_each(self._session.run, self._batches(rows))

    def _batches(self, rows: Deliveries) -> Iterator[Any]:
        for bucket, part in slices(rows, self._buckets, self._rows_per_mutation):
            # Of one partition: it is a single mutation, applied as a whole.
            batch = unlogged_batch()
            columns = (part.users, part.tweets, part.authors, part.stamps, part.alive)
            for user, tweet, author, stamp, alive in zip(
                *(column.tolist() for column in columns), strict=True
            ):
                batch.add(
                    self._session.bind("deliver", bucket, user, tweet, author, stamp)
                    if alive
                    else self._session.bind("retract", stamp, bucket, user, tweet)
                )
            yield batch


def slices(rows: Deliveries, buckets: int, max_rows: int) -> Iterator[tuple[int, Deliveries]]:
    """The rows of each bucket, in parts of at most `max_rows`."""
    at = buckets_of(rows.users, buckets)
    order = np.argsort(at, kind="stable")
    at, rows = at[order], rows.take(order)
    edges = [0, *(np.flatnonzero(np.diff(at)) + 1).tolist(), len(rows)]
    for first, end in pairwise(edges):
        for start in range(first, end, max_rows):
            yield int(at[start]), rows.take(slice(start, min(start + max_rows, end)))
