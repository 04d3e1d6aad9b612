"""Fan-out as columns equals the naive expansion, in parts that never exceed their bound."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.deliveries import gather, parts
from foldline.core.effects import Deliver, DropEdge, Effect, Retract
from foldline.core.ids import IntArray

Row = tuple[int, int, int, int, bool]
ARRAYS = st.lists(st.integers(1, 99), max_size=12).map(lambda ids: np.array(ids, dtype=np.int64))
NUMBERS = st.integers(1, 99)
EFFECTS: st.SearchStrategy[Effect] = st.one_of(
    st.builds(Deliver, NUMBERS, ARRAYS, ARRAYS, NUMBERS),
    st.builds(Retract, NUMBERS, ARRAYS, ARRAYS, NUMBERS),
    st.builds(DropEdge, NUMBERS, NUMBERS, NUMBERS),
)


def expanded(effects: list[Effect]) -> list[Row]:
    """One row for each tweet and recipient, the naive way."""
    return [
        (int(user), int(tweet), effect.author_id, effect.stamp, isinstance(effect, Deliver))
        for effect in effects
        if isinstance(effect, Deliver | Retract)
        for tweet in effect.tweets
        for user in effect.recipients
    ]


def rows_of(effects: list[Effect], max_rows: int) -> list[Row]:
    """The gathered rows; each part within its bound and not empty."""
    rows: list[Row] = []
    for part in gather(effects, max_rows):
        assert 0 < len(part) <= max_rows
        columns = (part.users, part.tweets, part.authors, part.stamps)
        assert [column.dtype for column in columns] == [np.int64] * 4
        assert part.alive.dtype == np.bool_
        rows += zip(*(c.tolist() for c in (*columns, part.alive)), strict=True)
    return rows


@given(st.lists(EFFECTS, max_size=8), st.integers(1, 200))
def test_the_parts_together_are_the_naive_expansion(effects: list[Effect], max_rows: int) -> None:
    assert sorted(rows_of(effects, max_rows)) == sorted(expanded(effects))


def test_a_fan_out_wider_than_the_bound_is_cut() -> None:
    effects: list[Effect] = [Deliver(1, np.array([7]), np.arange(10), 3)]
    assert [len(part) for part in gather(effects, 4)] == [4, 4, 2]


def test_small_effects_share_a_part() -> None:
    small: list[Effect] = [Deliver(a, np.array([a]), np.array([1, 2]), a) for a in range(1, 6)]
    assert [len(part) for part in gather(small, 10)] == [10]
    assert [len(part) for part in gather(small, 5)] == [4, 4, 2]


def test_nothing_to_deliver_gives_no_part() -> None:
    none: IntArray = np.empty(0, dtype=np.int64)
    effects: list[Effect] = [
        DropEdge(1, 2, 3),
        Deliver(1, none, none, 1),
        Retract(1, none, none, 1),
    ]
    assert list(gather(effects, 5)) == []


def test_rows_are_taken_by_order_mask_or_slice() -> None:
    (part,) = gather([Deliver(1, np.array([7]), np.array([30, 10, 20]), 3)], 10)
    assert part.take(np.argsort(part.users)).users.tolist() == [10, 20, 30]
    assert part.take(part.users > 15).users.tolist() == [30, 20]
    head = part.take(slice(0, 1))
    assert len(head) == 1
    assert rows_of([Deliver(1, np.array([7]), np.array([30]), 3)], 1) == [
        (int(head.users[0]), int(head.tweets[0]), 1, 3, bool(head.alive[0]))
    ]


@given(st.lists(EFFECTS, max_size=8), st.integers(1, 200), st.integers(1, 5))
def test_no_tile_is_taller_than_the_bound(
    effects: list[Effect], max_rows: int, max_tweets: int
) -> None:
    cut = [tile for part in parts(effects, max_rows, max_tweets) for tile in part]
    assert all(1 <= tile.tweets.size <= max_tweets for tile in cut)
    assert sorted(expanded([*cut])) == sorted(expanded(effects))
