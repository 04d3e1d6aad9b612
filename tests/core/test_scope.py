"""What of a generation is written anew, under which stamps, and what is taken out."""

from collections.abc import Iterable

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.ids import IntArray
from foldline.core.scope import Scope, lifted, removals
from foldline.core.served import Difference
from foldline.core.survivors import Source
from foldline.core.words import WordKind
from tests.core.test_ledger import CREATED, ledger_with

LEDGER = ledger_with(
    *CREATED,
    ev.TweetPosted(2, 20, "a"),
    ev.UserFollowed(1, 3),
    ev.UserMuted(1, 5),
    ev.UserBlocked(1, 6),
    ev.TweetLiked(2, 20, 1),
    ev.TweetLiked(7, 70, 1),
)
CELEBRITY = fx.SetCelebrity(9, True, 1)
OF_ONE: list[fx.Effect] = [
    fx.SetCounts(1, 0, 0, 1),
    fx.PutEdge(1, 3, 1),
    fx.PutEdge(4, 1, 1),
    fx.SetLike(20, 2, 1, True, 1),
]
OF_TWO: list[fx.Effect] = [fx.PutTweet(20, 2, "a", 0, None, 1), fx.SetEngagement(20, 1, 0, 0, 1)]
OF_OTHERS: list[fx.Effect] = [fx.PutEdge(4, 3, 1), fx.SetEngagement(99, 1, 0, 0, 1)]
EVERYTHING = [CELEBRITY, *OF_ONE, *OF_TWO, *OF_OTHERS]


def ids(*values: int) -> IntArray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (Scope(), EVERYTHING),
        (Scope(accounts=frozenset({1})), [CELEBRITY, *OF_ONE]),
        (Scope(frozenset({2})), [CELEBRITY, OF_ONE[3], *OF_TWO]),
        (Scope(frozenset(), authors=frozenset({2})), [CELEBRITY, OF_ONE[3], *OF_TWO]),
        (Scope(view="follows"), [OF_ONE[1], OF_ONE[2], OF_OTHERS[0]]),
        (Scope(frozenset({1}), view="accounts"), [OF_ONE[0]]),
        (Scope(view="timelines"), []),
    ],
)
def test_cells_are_of_whom_they_are_served(scope: Scope, kept: list[fx.Effect]) -> None:
    assert list(scope.cells(EVERYTHING, LEDGER)) == kept


def test_all_whose_events_matter_are_folded() -> None:
    assert Scope().keys(LEDGER) is None
    assert Scope(frozenset({1})).keys(LEDGER) == frozenset({1, 2, 3, 5, 6}), "nobody posted 70"
    assert Scope(frozenset({2}), authors=frozenset({4})).keys(LEDGER) == frozenset({2, 4})


def told(sources: Iterable[Source]) -> list[tuple[int, list[int], list[int]]]:
    return [(s.author_id, s.followers.tolist(), s.tweets.tolist()) for s in sources]


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (Scope(), [(7, [1, 2], [10, 20]), (8, [2], [30])]),
        (Scope(frozenset({1})), [(7, [1], [10, 20])]),
        (Scope(frozenset(), authors=frozenset({7})), [(7, [1, 2], [10, 20])]),
        (Scope(frozenset({2}), since=15, until=25), [(7, [2], [20])]),
        (Scope(view="timelines"), [(7, [1, 2], [10, 20]), (8, [2], [30])]),
        (Scope(view="accounts"), []),
    ],
)
def test_timelines_are_of_accounts_or_by_authors(scope: Scope, kept: object) -> None:
    sources = [
        Source(7, ids(1, 2), ids(10, 20), ids(1, 2)),
        Source(8, ids(2), ids(30), ids(3)),
    ]
    assert told(scope.sources(sources)) == kept


def test_what_is_lifted_beats_all_that_was_folded() -> None:
    assert lifted(fx.SetCounts(1, 2, 3, 4), 9) == fx.SetCounts(1, 2, 3, 9)
    word = fx.PutWord(1, WordKind.RETWEET, 2, 3, 4, 5)
    assert lifted(word, 9) is word, "its stamp is part of what it says"


@pytest.mark.parametrize(
    ("part", "extra", "removal"),
    [
        ("tweets", 20, fx.DeleteTweet(20, 1, 101)),
        ("following", 3, fx.DropEdge(1, 3, 103)),
        ("followers", 3, fx.DropEdge(3, 1, 101)),
        ("blocks", 3, fx.SetBlock(1, 3, False, 103)),
        ("blocked_by", 3, fx.SetBlock(3, 1, False, 101)),
        ("mutes", 3, fx.SetMute(1, 3, False, 103)),
        ("likes", 20, fx.SetLike(20, 2, 1, False, 102)),
    ],
)
def test_what_is_too_much_is_taken_out(part: str, extra: int, removal: fx.Effect) -> None:
    difference = Difference(1, part, extra=(extra,))
    assert list(removals(difference, {20: 2}.__getitem__, lambda key: 100 + key)) == [removal]


def test_a_phantom_is_retracted() -> None:
    difference = Difference(1, "home", missing=(5,), extra=(20,))
    (retract,) = removals(difference, {20: 2}.__getitem__, lambda key: 100 + key)
    assert isinstance(retract, fx.Retract)
    assert (retract.author_id, retract.stamp) == (2, 102)
    assert (retract.tweets.tolist(), retract.recipients.tolist()) == ([20], [1])


def test_of_what_is_no_list_nothing_is_taken_out() -> None:
    assert list(removals(Difference(1, "profile", extra=(1,)), int, int)) == []
