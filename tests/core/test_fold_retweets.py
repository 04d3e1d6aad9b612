"""Retweets and replies are posts that another author hears of."""

from typing import Any

import numpy as np

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.follow_ups import Derive
from tests.core.folding import STAMP, effects_of, folded

AUTHOR, OTHER, ORIGINAL = 1, 2, 100
AUDIENCE = Audience(AUTHOR, np.array([8]))


def retweet(tweet_id: int) -> ev.TweetPosted:
    return ev.TweetPosted(AUTHOR, tweet_id, "", retweet_of=ORIGINAL, retweet_of_author=OTHER)


def deletion(tweet_id: int) -> ev.TweetDeleted:
    return ev.TweetDeleted(AUTHOR, tweet_id, retweet_of=ORIGINAL, retweet_of_author=OTHER)


def own(effects: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [effect for effect in effects if effect[0] is fx.SetOwnRetweet]


def test_a_retweet_is_delivered_and_heard_of() -> None:
    effects = effects_of(AUDIENCE, retweet(200))
    assert own(effects) == [(fx.SetOwnRetweet, AUTHOR, ORIGINAL, 200, STAMP)]
    assert (fx.Deliver, AUTHOR, [200], [8], STAMP) in effects
    assert folded(AUDIENCE, retweet(200)).follow_ups == [
        Derive(ev.TweetRetweeted(OTHER, ORIGINAL, 200, AUTHOR))
    ]


def test_a_second_retweet_is_passed_over_until_the_first_is_deleted() -> None:
    first = folded(AUDIENCE, retweet(200), 10).audience
    assert folded(first, retweet(300), 11) == (first, [], ())
    assert effects_of(first, retweet(200)) != []
    after = folded(first, deletion(200), 12).audience
    assert folded(after, retweet(300), 13).audience.tweets.tolist() == [300]
    # With the deletion known from ahead of progress, the first one still stands where it did.
    assert folded(after, retweet(300), 11).effects == []


def test_a_deleted_retweet_is_heard_of_too() -> None:
    first = folded(AUDIENCE, retweet(200), 10).audience
    assert own(effects_of(first, deletion(200))) == [
        (fx.SetOwnRetweet, AUTHOR, ORIGINAL, None, STAMP)
    ]
    assert folded(first, deletion(200)).follow_ups == [
        Derive(ev.TweetUnretweeted(OTHER, ORIGINAL, 200))
    ]


def test_the_end_of_a_retweet_that_was_passed_over_leaves_the_one_that_stands() -> None:
    first = folded(AUDIENCE, retweet(200), 10).audience
    assert own(effects_of(first, deletion(300))) == []


def test_a_late_copy_of_a_deleted_retweet_does_not_stand() -> None:
    first = folded(AUDIENCE, retweet(200), 10).audience
    gone = folded(first, deletion(200), 11).audience
    assert own(effects_of(gone, retweet(200))) == []
    assert own(effects_of(folded(gone, retweet(200)).audience, retweet(300))) != []


def test_a_reply_is_heard_of_and_so_is_its_end() -> None:
    reply = ev.TweetPosted(AUTHOR, 200, "re", reply_to=ORIGINAL, reply_to_author=OTHER)
    assert folded(AUDIENCE, reply).follow_ups == [
        Derive(ev.TweetReplied(OTHER, ORIGINAL, 200, AUTHOR))
    ]
    gone = ev.TweetDeleted(AUTHOR, 200, reply_to=ORIGINAL, reply_to_author=OTHER)
    assert folded(AUDIENCE, gone).follow_ups == [Derive(ev.TweetUnreplied(OTHER, ORIGINAL, 200))]


def test_of_a_reply_of_the_first_version_nobody_hears() -> None:
    assert folded(AUDIENCE, ev.TweetPosted(AUTHOR, 200, "re", reply_to=ORIGINAL)).follow_ups == []
