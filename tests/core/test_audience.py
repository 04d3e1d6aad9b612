"""An audience is two sorted sets; joining and leaving are idempotent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.audience import Audience
from foldline.core.words import Word, WordKind

STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 30)))


def test_an_unknown_author_has_an_empty_audience() -> None:
    audience = Audience(1)
    assert (audience.followers.size, audience.tweets.size, audience.nbytes) == (0, 0, 0)
    assert not audience.celebrity
    assert audience.newest(5).tolist() == []


@given(STEPS)
def test_followers_behave_as_a_sorted_set(steps: list[tuple[bool, int]]) -> None:
    audience, members = Audience(1), set[int]()
    for joins, value in steps:
        if joins:
            members.add(value)
            audience = audience.with_follower(value)
        else:
            members.discard(value)
            audience = audience.without_follower(value)
        assert audience.followers.dtype == np.int64
        assert audience.followers.tolist() == sorted(members)


@given(STEPS)
def test_a_deleted_tweet_never_comes_back(steps: list[tuple[bool, int]]) -> None:
    audience, posted, deleted = Audience(1), set[int](), set[int]()
    for posts, value in steps:
        (posted if posts else deleted).add(value)
        audience = audience.with_tweet(value) if posts else audience.without_tweet(value)
        assert audience.tweets.dtype == audience.deleted.dtype == np.int64
        assert audience.tweets.tolist() == sorted(posted - deleted)
        assert audience.deleted.tolist() == sorted(deleted)


def test_the_newest_tweets_come_newest_first_and_no_more_than_asked() -> None:
    audience = Audience(1, tweets=np.array([10, 20, 30]))
    assert audience.newest(2).tolist() == [30, 20]
    assert audience.newest(3).tolist() == [30, 20, 10]
    assert audience.newest(9).tolist() == [30, 20, 10]


def test_an_audience_is_a_value() -> None:
    before = Audience(1, np.array([5]), np.array([7]), np.array([3]), celebrity=True)
    after = before.with_follower(6).without_tweet(7)
    assert (before.followers.tolist(), before.tweets.tolist()) == ([5], [7])
    assert before.deleted.tolist() == [3]
    assert (after.followers.tolist(), after.tweets.tolist()) == ([5, 6], [])
    assert after.deleted.tolist() == [3, 7]
    assert after.celebrity
    assert after.nbytes == 4 * 8


def test_words_are_measured_too() -> None:
    audience = Audience(1).with_word((WordKind.BAR, 7), Word(5, 6, 1))
    assert audience.words == {(WordKind.BAR, 7): (Word(5, 6, 1),)}
    assert audience.nbytes > 0
