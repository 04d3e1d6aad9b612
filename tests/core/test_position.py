"""Positions as text, and stamps that order as the log does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.position import (
    BELOW_FLOOR_STAMP,
    PARTITIONS_MAX,
    Position,
    keyed,
    lag_of,
    stamp_of,
)

OFFSETS = st.integers(0, (1 << 40) - 2)


@given(st.integers(0, 99_999), OFFSETS)
def test_a_position_comes_back_as_it_went(partition: int, offset: int) -> None:
    position = Position(partition, offset)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text", ["", "3", "-", "3-", "-3", "3--3", "a-1", "1-1 ", "1-1\n", "٣-٣", "123456-1", "1_0-1"]
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a position"):
        Position.parse(text)


@given(OFFSETS, OFFSETS, st.integers(0, 4094))
def test_stamps_order_as_offsets_do_and_a_new_epoch_beats_the_old(
    one: int, other: int, epoch: int
) -> None:
    assert (stamp_of(one, epoch) < stamp_of(other, epoch)) == (one < other)
    assert stamp_of(one, epoch) < stamp_of(other, epoch + 1)
    assert 0 < stamp_of(one, epoch) < BELOW_FLOOR_STAMP < 1 << 63


def test_stamps_have_fixed_values() -> None:
    assert (stamp_of(0), stamp_of(41), stamp_of(0, epoch=2)) == (1, 42, (2 << 40) + 1)


def test_what_progress_has_not_passed_lags() -> None:
    assert lag_of({0: 3, 1: 9}, [5, 7, 4]) == 2 + 0 + 4


PLACES = st.tuples(st.integers(0, PARTITIONS_MAX - 1), st.integers(0, 4095))


@given(PLACES, PLACES)
def test_partitions_of_two_epochs_are_never_taken_for_each_other(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (keyed(*one) == keyed(*other)) == (one == other)
    assert keyed(*one) < 1 << 31, "it is an int of the tables"
