"""Ids that no other test uses, and arrays of ids."""

import time
from typing import Final

import numpy as np

from foldline.core.ids import IntArray, Snowflakes, partition_of

_SNOWFLAKES: Final = Snowflakes(node_id=1)


def fresh() -> int:
    """A new id, above all before it."""
    return _SNOWFLAKES.next(time.time_ns() // 1_000_000)


def several(count: int) -> list[int]:
    """So many new ids, ascending."""
    return [fresh() for _ in range(count)]


def key_in(partition: int, partitions: int) -> int:
    """A new id that lies in this partition."""
    return next(key for key in iter(fresh, None) if partition_of(key, partitions) == partition)


def array(*ids: int) -> IntArray:
    return np.array(ids, dtype=np.int64)
