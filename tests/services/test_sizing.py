"""Sizes that follow from what is expected, and that a word overrides."""

import pytest

from foldline.settings import Settings
from foldline.sizing import (
    buckets_of_users,
    events_for_rows,
    partitions_of_workers,
    rows_in_memory,
)

MIB = 1 << 20


@pytest.mark.parametrize(
    ("users", "buckets"),
    [(1, 16), (64_000, 16), (64_001, 32), (1_000_000, 256), (10**9, 65_536)],
)
def test_a_bucket_has_up_to_four_thousand_users(users: int, buckets: int) -> None:
    assert buckets_of_users(users) == buckets


@pytest.mark.parametrize(("workers", "partitions"), [(1, 16), (2, 16), (3, 32), (1_000, 1_024)])
def test_workers_can_be_added_eight_times_over(workers: int, partitions: int) -> None:
    assert partitions_of_workers(workers) == partitions


@pytest.mark.parametrize(
    ("memory_mb", "rows", "events"),
    [(1, 10_000, 256), (512, 131_072, 512), (1_024, 262_144, 1_024), (8_192, 500_000, 1_953)],
)
def test_parts_grow_with_the_memory(memory_mb: int, rows: int, events: int) -> None:
    assert rows_in_memory(memory_mb * MIB) == rows
    assert events_for_rows(rows) == events


def test_what_is_not_said_follows_from_what_is() -> None:
    sized = Settings(profile="distributed", users=200_000, workers=8, worker_memory_mb=1_024)
    assert (sized.buckets, sized.partition_count) == (64, 64)
    assert (sized.rows_per_part, sized.batch_events) == (262_144, 1_024)
    assert sized.audience_cache_bytes == 256 * MIB
    assert Settings(profile="embedded").partition_count == 4


def test_what_is_said_stands() -> None:
    sized = Settings(buckets=7, partitions=3, rows_per_part=50, batch_events=9)
    assert (sized.buckets, sized.partition_count) == (7, 3)
    assert (sized.rows_per_part, sized.batch_events) == (50, 9)
    assert Settings(audience_cache_bytes=1).audience_cache_bytes == 1
    assert Settings(rows_per_part=12_800).batch_events == 256
