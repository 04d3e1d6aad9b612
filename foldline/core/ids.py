"""Identifiers and where they live: snowflakes, the partition of a key, the bucket of a user.

A snowflake has 63 bits: 41 of milliseconds since `EPOCH_MS`, 10 of node, 12 of sequence. A newer
id is a newer tweet; all order and all cursors rest on that. The partition and the bucket are
functions of our own (splitmix64), the same in every profile and every client.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

EPOCH_MS: Final = 1_704_067_200_000  # 2024-01-01T00:00:00Z
NODE_BITS: Final = 10
SEQUENCE_BITS: Final = 12
MAX_ID: Final = (1 << 63) - 1
MAX_NODE: Final = (1 << NODE_BITS) - 1
NO_IDS: Final[IntArray] = np.empty(0, dtype=np.int64)
NO_IDS.flags.writeable = False

_TIME_SHIFT: Final = NODE_BITS + SEQUENCE_BITS
_MASK_64: Final = (1 << 64) - 1


class Snowflakes:
    """Ids of one process, strictly rising: also when the clock steps back."""

    def __init__(self, node_id: int) -> None:
        if not 0 <= node_id <= MAX_NODE:
            raise ValueError(f"node id {node_id} is not within 0-{MAX_NODE}")
        self._node = node_id << SEQUENCE_BITS
        self._last_ms = EPOCH_MS  # a clock before the epoch would make ids below 1
        self._sequence = 0

    def next(self, now_ms: int) -> int:
        """The next id at `now_ms` (milliseconds since 1970)."""
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        else:
            self._sequence += 1
            if self._sequence >> SEQUENCE_BITS:  # full: borrow the next millisecond
                self._last_ms, self._sequence = self._last_ms + 1, 0
        return (self._last_ms - EPOCH_MS) << _TIME_SHIFT | self._node | self._sequence


def time_ms(snowflake: int) -> int:
    """When a snowflake was made, in milliseconds since 1970."""
    return (snowflake >> _TIME_SHIFT) + EPOCH_MS


def first_id_at(at_ms: int) -> int:
    """The smallest id that can be made at `at_ms`; 0 for times before the epoch."""
    return max(at_ms - EPOCH_MS, 0) << _TIME_SHIFT


def splitmix64(value: int) -> int:
    """The finalizer of splitmix64: a 64-bit mix that spreads consecutive ids evenly."""
    z = (value + 0x9E3779B97F4A7C15) & _MASK_64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK_64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK_64
    return z ^ (z >> 31)


def partition_of(account_id: int, partitions: int) -> int:
    """The one partition that holds everything about this account's audience."""
    return splitmix64(account_id) % partitions


def buckets_of(user_ids: IntArray, buckets: int) -> IntArray:
    """The bucket of each user, as `splitmix64(user) % buckets`, vectorised. Shape as `user_ids`."""
    z = user_ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z % np.uint64(buckets)).astype(np.int64)
