"""Sizes that follow from a few stated quantities. `docs/operations.md` shows the arithmetic."""

from typing import Final

PARTS_WRITTEN: Final = 3
"""Parts that a worker writes at once."""

_USERS_PER_BUCKET: Final = 4_000
_BUCKETS: Final = (16, 65_536)
_PARTITIONS_PER_WORKER: Final = 8
_PARTITIONS: Final = (16, 1_024)
_PARTS: Final = PARTS_WRITTEN + 1  # and one that is folded
_BYTES_PER_ROW: Final = 256  # of a row in a part: columns, their sorted copy, and its wire form
_ROWS_PER_PART: Final = (10_000, 500_000)
_ROWS_PER_EVENT: Final = 256  # that a batch reckons with
_EVENTS: Final = (256, 2_048)


def buckets_of_users(users: int) -> int:
    """Up to four thousand users each."""
    return _power_of_two(users / _USERS_PER_BUCKET, _BUCKETS)


def partitions_of_workers(workers: int) -> int:
    """Enough that eight times as many workers can share them."""
    return _power_of_two(workers * _PARTITIONS_PER_WORKER, _PARTITIONS)


def rows_in_memory(memory_bytes: int) -> int:
    """The rows of a part, when a quarter of a worker's memory is for parts."""
    return _within(memory_bytes // 4 // (_PARTS * _BYTES_PER_ROW), _ROWS_PER_PART)


def events_for_rows(rows: int) -> int:
    """The events of a batch that is to fill a part."""
    return _within(rows // _ROWS_PER_EVENT, _EVENTS)


def _power_of_two(least: float, bounds: tuple[int, int]) -> int:
    size, most = bounds
    while size < min(least, most):
        size *= 2
    return size


def _within(value: int, bounds: tuple[int, int]) -> int:
    least, most = bounds
    return max(least, min(value, most))
