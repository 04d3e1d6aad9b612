"""Ids rise whatever the clock does; partitions and buckets can never change silently."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.ids import (
    EPOCH_MS,
    MAX_ID,
    MAX_NODE,
    NO_IDS,
    Snowflakes,
    buckets_of,
    first_id_at,
    partition_of,
    splitmix64,
    time_ms,
)

NOW_MS = EPOCH_MS + 1_000_000


def test_an_id_holds_its_time_its_node_and_its_sequence() -> None:
    ids = Snowflakes(node_id=5)
    assert ids.next(NOW_MS) == 1_000_000 << 22 | 5 << 12
    assert ids.next(NOW_MS) == 1_000_000 << 22 | 5 << 12 | 1
    assert time_ms(ids.next(NOW_MS + 7)) == NOW_MS + 7


def test_ids_rise_while_the_clock_steps_back() -> None:
    ids = Snowflakes(node_id=0)
    before = ids.next(NOW_MS)
    after = ids.next(NOW_MS - 60_000)
    assert after == before + 1
    assert time_ms(after) == NOW_MS


def test_a_full_millisecond_borrows_the_next_one() -> None:
    ids = Snowflakes(node_id=1)
    made = [ids.next(NOW_MS) for _ in range(4097)]
    assert time_ms(made[4095]) == NOW_MS
    assert made[4096] == (NOW_MS + 1 - EPOCH_MS) << 22 | 1 << 12
    assert made == sorted(set(made))
    assert ids.next(NOW_MS + 1) == made[4096] + 1


@given(st.lists(st.integers(0, EPOCH_MS * 2), max_size=50))
def test_ids_are_valid_and_rise_for_any_clock(times: list[int]) -> None:
    ids = Snowflakes(node_id=MAX_NODE)
    made = [ids.next(now_ms) for now_ms in times]
    assert made == sorted(set(made))
    assert all(1 <= one <= MAX_ID for one in made)


@pytest.mark.parametrize("node_id", [-1, MAX_NODE + 1])
def test_a_node_id_out_of_bounds_is_refused(node_id: int) -> None:
    with pytest.raises(ValueError, match=r"not within 0-1023"):
        Snowflakes(node_id)


def test_nodes_never_make_the_same_id() -> None:
    made = {Snowflakes(node_id).next(NOW_MS) for node_id in range(MAX_NODE + 1)}
    assert len(made) == MAX_NODE + 1


def test_the_first_id_of_a_moment_is_below_all_that_are_made_then() -> None:
    assert time_ms(first_id_at(NOW_MS)) == NOW_MS
    assert first_id_at(NOW_MS) <= Snowflakes(0).next(NOW_MS)
    assert time_ms(first_id_at(NOW_MS) - 1) == NOW_MS - 1
    assert first_id_at(EPOCH_MS - 1) == 0


@pytest.mark.parametrize(
    ("value", "mixed"),
    [
        (0, 16294208416658607535),
        (1, 10451216379200822465),
        (1234567, 6457827717110365317),  # the published vector of seed 1234567
        (MAX_ID, 3055647633038352039),
    ],
)
def test_splitmix64_has_its_published_values(value: int, mixed: int) -> None:
    assert splitmix64(value) == mixed


def test_the_partition_of_a_key_never_changes() -> None:
    of_16 = [partition_of(key, 16) for key in range(1, 13)]
    of_4 = [partition_of(1 << shift, 4) for shift in range(50, 63)]
    assert of_16 == [1, 14, 13, 10, 10, 0, 7, 6, 4, 10, 13, 3]
    assert of_4 == [0, 1, 0, 3, 2, 0, 1, 3, 2, 1, 3, 3, 3]


def test_the_bucket_of_a_user_never_changes() -> None:
    buckets = buckets_of(np.arange(1, 9), 1024)
    assert buckets.tolist() == [193, 718, 1005, 714, 858, 0, 471, 566]


def test_consecutive_keys_spread_evenly_over_the_partitions() -> None:
    sizes = np.bincount([partition_of(key, 16) for key in range(16_000)], minlength=16)
    assert sizes.min() > 900
    assert sizes.max() < 1_100


@given(st.lists(st.integers(0, MAX_ID)), st.integers(1, 1 << 20))
def test_vectorised_buckets_equal_the_scalar_mix(users: list[int], buckets: int) -> None:
    found = buckets_of(np.array(users, dtype=np.int64), buckets)
    assert found.dtype == np.int64
    assert found.tolist() == [splitmix64(user) % buckets for user in users]


def test_the_shared_empty_array_stays_empty() -> None:
    assert NO_IDS.size == 0
    assert not NO_IDS.flags.writeable
