import numpy as np

from foldline.core.effects import (
    Deliver,
    Effect,
    PutEdge,
    Retract,
    SetCounts,
    SetEngagement,
    newest_counts,
    rows_of,
)


def test_counts_that_a_later_one_replaces_are_left_out() -> None:
    one, two = PutEdge(1, 2, stamp=5), PutEdge(3, 2, stamp=6)
    effects: list[Effect] = [
        one,
        SetCounts(2, 1, 0, stamp=5),
        SetCounts(9, 4, 4, stamp=5),
        two,
        SetCounts(2, 2, 0, stamp=6),
        SetEngagement(2, 1, 0, 0, stamp=6),
        SetEngagement(2, 2, 0, 0, stamp=7),
    ]
    assert newest_counts(effects) == [one, effects[2], two, effects[4], effects[6]]
    assert newest_counts([]) == []


def test_rows_are_counted_as_they_are_written() -> None:
    some, more = np.arange(3, dtype=np.int64), np.arange(5, dtype=np.int64)
    effects: list[Effect] = [
        PutEdge(1, 2, stamp=5),
        Deliver(2, some, more, 5),
        Retract(2, some, some, 6),
    ]
    assert rows_of(effects) == 15 + 9
    assert rows_of([]) == 0
