"""What others do with a tweet: counts are the sizes of sets, whatever comes twice or late."""

from typing import Any

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.effects import ReferenceKind
from foldline.core.engagement import Engagement, References, engage
from foldline.core.follow_ups import UndoIfDeleted

AUTHOR, TWEET, STAMP = 1, 100, 77
NONE = Engagement(TWEET, AUTHOR)
SOME = Engagement(
    TWEET,
    AUTHOR,
    likes=np.array([5, 6]),
    retweets=References(np.array([200]), np.array([201])),
    replies=References(np.array([300, 301])),
)


def plain(effects: list[fx.Effect]) -> list[tuple[Any, ...]]:
    return [(type(e), *(getattr(e, name) for name in e.__struct_fields__)) for e in effects]


def after(engagement: Engagement, *events: ev.OfTweet) -> tuple[Engagement, list[tuple[Any, ...]]]:
    effects: list[fx.Effect] = []
    for event in events:
        engagement, effects, _ = engage(engagement, event, STAMP)
    return engagement, plain(effects)


def counts(likes: int, retweets: int, replies: int) -> tuple[Any, ...]:
    return (fx.SetEngagement, TWEET, likes, retweets, replies, STAMP)


def test_a_like_is_seen_from_both_ends_and_undone_if_its_account_is_deleted() -> None:
    event = ev.TweetLiked(AUTHOR, TWEET, 7)
    assert after(SOME, event)[1] == [
        (fx.SetLike, TWEET, AUTHOR, 7, True, STAMP),
        counts(3, 1, 2),
    ]
    undo = UndoIfDeleted(7, ev.TweetUnliked(AUTHOR, TWEET, 7))
    assert engage(SOME, event, STAMP)[2] == [undo]


def test_a_like_that_ends() -> None:
    event = ev.TweetUnliked(AUTHOR, TWEET, 5)
    assert after(SOME, event, event)[1] == [
        (fx.SetLike, TWEET, AUTHOR, 5, False, STAMP),
        counts(1, 1, 2),
    ]


def test_a_retweet_and_a_reply_count_once() -> None:
    retweet = ev.TweetRetweeted(AUTHOR, TWEET, 202, 7)
    assert after(NONE, retweet, retweet)[1] == [
        (fx.PutReference, ReferenceKind.RETWEET, TWEET, 202, 7, STAMP),
        counts(0, 1, 0),
    ]
    reply = ev.TweetReplied(AUTHOR, TWEET, 302, 7)
    assert after(NONE, reply, reply)[1] == [
        (fx.PutReference, ReferenceKind.REPLY, TWEET, 302, 7, STAMP),
        counts(0, 0, 1),
    ]


@pytest.mark.parametrize("late", [False, True])
def test_the_end_of_a_retweet_or_a_reply_is_final(late: bool) -> None:
    for put, drop, kind in (
        (
            ev.TweetRetweeted(AUTHOR, TWEET, 202, 7),
            ev.TweetUnretweeted(AUTHOR, TWEET, 202),
            ReferenceKind.RETWEET,
        ),
        (
            ev.TweetReplied(AUTHOR, TWEET, 202, 7),
            ev.TweetUnreplied(AUTHOR, TWEET, 202),
            ReferenceKind.REPLY,
        ),
    ):
        events = (drop, put) if late else (put, drop)
        state, effects = after(NONE, *events)
        assert effects[-1] == counts(0, 0, 0)
        assert late or effects[0] == (fx.DropReference, kind, TWEET, 202, STAMP)
        assert state.retweets.live.size + state.replies.live.size == 0


def test_what_it_holds_is_measured() -> None:
    assert NONE.nbytes == 0
    assert SOME.nbytes == 6 * 8


def test_every_event_on_a_tweet_has_a_meaning() -> None:
    samples: list[ev.OfTweet] = [
        ev.TweetLiked(AUTHOR, TWEET, 7),
        ev.TweetUnliked(AUTHOR, TWEET, 7),
        ev.TweetRetweeted(AUTHOR, TWEET, 202, 7),
        ev.TweetUnretweeted(AUTHOR, TWEET, 202),
        ev.TweetReplied(AUTHOR, TWEET, 302, 7),
        ev.TweetUnreplied(AUTHOR, TWEET, 302),
    ]
    known = {kind for kind in ev.EVENTS.values() if issubclass(kind, ev.OfTweet)}
    assert {type(sample) for sample in samples} == known
    assert all(after(SOME, sample)[1] for sample in samples)
