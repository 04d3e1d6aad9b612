"""The rules of the reads, over every combination of what can hide a tweet."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from itertools import chain, combinations
from typing import Final

import numpy as np
import pytest

from foldline.core.ids import IntArray
from foldline.views.port import Account, Restrictions, Tweet
from query.rules import ANYONE, Post, Viewpoint, listed, profile_visible, visible

VIEWER, AUTHOR, ORIGINAL_AUTHOR = 1, 2, 3
TWEET, ORIGINAL = 20, 10


class Place(Enum):
    HOME = "home"
    ELSEWHERE = "elsewhere"
    ANONYMOUS = "anonymous"


class Flaw(Enum):
    DELETED = "the tweet is deleted"
    SUSPENDED = "its author is suspended"
    CLOSED = "its author is deleted"
    BLOCKS = "the viewer blocks its author"
    BLOCKED_BY = "its author blocks the viewer"
    MUTED = "the viewer mutes its author"
    FOLLOWED = "the viewer follows its author"
    OWN = "its author is the viewer"
    UNKNOWN = "it is not found"
    AUTHOR_UNKNOWN = "its author is not found"


EVERYWHERE: Final = frozenset(Place)
WITH_VIEWER: Final = frozenset({Place.HOME, Place.ELSEWHERE})
AT_HOME: Final = frozenset({Place.HOME})
HIDES: Final = {
    Flaw.DELETED: EVERYWHERE,
    Flaw.SUSPENDED: EVERYWHERE,
    Flaw.CLOSED: EVERYWHERE,
    Flaw.BLOCKS: WITH_VIEWER,
    Flaw.BLOCKED_BY: WITH_VIEWER,
    Flaw.MUTED: AT_HOME,
}
HIDES_ORIGINAL: Final = HIDES | {
    Flaw.FOLLOWED: AT_HOME,
    Flaw.OWN: AT_HOME,
    Flaw.UNKNOWN: EVERYWHERE,
    Flaw.AUTHOR_UNKNOWN: EVERYWHERE,
}
Flaws = frozenset[Flaw]


def subsets(flaws: dict[Flaw, frozenset[Place]]) -> list[Flaws]:
    every = chain.from_iterable(combinations(flaws, size) for size in range(len(flaws) + 1))
    return [frozenset(subset) for subset in every]


def array(*ids: int) -> IntArray:
    return np.array(sorted(ids), dtype=np.int64)


def account(user_id: int, flaws: Flaws = frozenset()) -> Account:
    closed_at = 9 if Flaw.CLOSED in flaws else None
    found = Account(user_id, "name", "", "", 0, 0, 0, suspended=Flaw.SUSPENDED in flaws)
    return replace(found, closed_at=closed_at)


def tweet(tweet_id: int, author_id: int, flaws: Flaws, retweet_of: int | None = None) -> Tweet:
    return Tweet(tweet_id, author_id, "", 0, None, Flaw.DELETED in flaws, retweet_of=retweet_of)


def viewpoint(place: Place, flaws: dict[int, Flaws]) -> Viewpoint:
    if place is Place.ANONYMOUS:
        return ANYONE

    def those(flaw: Flaw) -> IntArray:
        return array(*(user for user, found in flaws.items() if flaw in found))

    known = Restrictions(those(Flaw.BLOCKS), those(Flaw.BLOCKED_BY), those(Flaw.MUTED))
    following = array(AUTHOR, *those(Flaw.FOLLOWED).tolist()) if place is Place.HOME else None
    return Viewpoint.of(VIEWER, known, following)


def hidden(flaws: Flaws, hides: dict[Flaw, frozenset[Place]], place: Place) -> bool:
    return any(place in hides[flaw] for flaw in flaws)


def retweets() -> Iterator[tuple[Flaws, Flaws]]:
    for flaws in subsets(HIDES):
        for of_original in subsets(HIDES_ORIGINAL):
            yield flaws, of_original


def post_of(flaws: Flaws, of_original: Flaws) -> Post:
    by = VIEWER if Flaw.OWN in of_original else ORIGINAL_AUTHOR
    return Post(
        tweet(TWEET, AUTHOR, flaws, ORIGINAL),
        account(AUTHOR, flaws),
        None if Flaw.UNKNOWN in of_original else tweet(ORIGINAL, by, of_original),
        None if Flaw.AUTHOR_UNKNOWN in of_original else account(by, of_original),
    )


@pytest.mark.parametrize("place", Place)
def test_a_tweet_is_hidden_by_each_of_its_flaws_where_that_counts(place: Place) -> None:
    for flaws in subsets(HIDES):
        post = Post(tweet(TWEET, AUTHOR, flaws), account(AUTHOR, flaws))
        shown = visible(viewpoint(place, {AUTHOR: flaws}), post)
        assert shown is not hidden(flaws, HIDES, place), flaws


@pytest.mark.parametrize("place", Place)
def test_a_retweet_is_hidden_by_its_own_flaws_and_by_the_originals(place: Place) -> None:
    for flaws, of_original in retweets():
        post = post_of(flaws, of_original)
        by = VIEWER if Flaw.OWN in of_original else ORIGINAL_AUTHOR
        shown = visible(viewpoint(place, {AUTHOR: flaws, by: of_original}), post)
        expected = hidden(flaws, HIDES, place) or hidden(of_original, HIDES_ORIGINAL, place)
        assert shown is not expected, (flaws, of_original)


@pytest.mark.parametrize("place", [Place.HOME, Place.ELSEWHERE])
def test_own_tweets_are_shown_unless_the_viewer_is_suspended(place: Place) -> None:
    seen_from = viewpoint(place, {})
    assert visible(seen_from, Post(tweet(TWEET, VIEWER, frozenset()), account(VIEWER)))
    suspended = account(VIEWER, frozenset({Flaw.SUSPENDED}))
    assert not visible(seen_from, Post(tweet(TWEET, VIEWER, frozenset()), suspended))


def test_a_reply_is_shown_whatever_it_answers() -> None:
    reply = replace(tweet(TWEET, AUTHOR, frozenset()), reply_to=ORIGINAL, reply_to_author=3)
    assert visible(
        viewpoint(Place.HOME, {3: frozenset({Flaw.BLOCKS})}), Post(reply, account(AUTHOR))
    )


@pytest.mark.parametrize(
    ("flaws", "page", "in_lists"),
    [
        pytest.param((), True, True, id="nothing"),
        pytest.param((Flaw.SUSPENDED,), True, True, id="suspended"),
        pytest.param((Flaw.MUTED,), True, True, id="muted"),
        pytest.param((Flaw.BLOCKS,), True, False, id="blocked by the viewer"),
        pytest.param((Flaw.BLOCKED_BY,), False, False, id="who blocks the viewer"),
        pytest.param((Flaw.BLOCKS, Flaw.BLOCKED_BY), False, False, id="both"),
        pytest.param((Flaw.CLOSED,), False, False, id="deleted"),
        pytest.param((Flaw.CLOSED, Flaw.BLOCKS), False, False, id="deleted, and blocked"),
    ],
)
def test_whose_page_is_shown_and_who_is_listed(
    flaws: tuple[Flaw, ...], page: bool, in_lists: bool
) -> None:
    found = account(AUTHOR, frozenset(flaws))
    seen_from = viewpoint(Place.ELSEWHERE, {AUTHOR: frozenset(flaws)})
    assert profile_visible(seen_from, found) is page
    assert listed(seen_from, found) is in_lists


def test_without_a_viewer_only_the_deleted_are_left_out() -> None:
    for flaws, shown in ((frozenset[Flaw](), True), (frozenset({Flaw.CLOSED}), False)):
        found = account(AUTHOR, flaws)
        assert profile_visible(ANYONE, found) is listed(ANYONE, found) is shown
