"""The fold: what an event means for an audience, and what is to be written.

The rules, each checked against random histories with crashes, repeats and zombies:

- A post goes to every follower, unless the author is a *settled* celebrity: one whose flag every
  reader has surely seen. Pushing too much is harmless, pushing too little hides a tweet, so
  `settled` is the shell's word and may be given late.
- A follow brings the author's newest tweets, up to the cap. If there are more, the follower's floor
  rises to the last one brought: below it the reader pulls.
- An unfollow takes the newest tweets back. Readers filter by the follow set too, so what is left
  over is never shown.
- A demotion brings every follower what was not pushed, and only then clears the flag.
- A deletion is final. A late copy of the post writes the tweet again, under its marker.
- Nothing is skipped because it seems done already: the audience may have been loaded from a view
  that is ahead of progress, where one write of an event stands and another does not.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.effects import (
    DeleteTweet,
    Deliver,
    DropEdge,
    Effect,
    PutAccount,
    PutEdge,
    PutTweet,
    RaiseFloor,
    Retract,
    SetCelebrity,
    SetCounts,
)
from foldline.core.ids import IntArray, time_ms

Folded = tuple[Audience, list[Effect]]


def fold(audience: Audience, event: ev.Event, stamp: int, *, cap: int, settled: bool) -> Folded:
    """The audience after `event`, and the effects of it.

    `cap` bounds the entries of a backfill; `settled` says that every reader has surely seen the
    author's celebrity flag, if there is one.
    """
    pushed = not (audience.celebrity and settled)
    return _HANDLERS[type(event)](audience, event, stamp, cap, pushed)


def _account_created(
    audience: Audience, event: ev.AccountCreated, stamp: int, cap: int, pushed: bool
) -> Folded:
    profile = PutAccount(
        user_id=event.account_id,
        username=event.username,
        display_name=event.display_name,
        bio=event.bio,
        created_at=time_ms(event.account_id),
        stamp=stamp,
    )
    return audience, [profile, _counts(audience, stamp)]


def _tweet_posted(
    audience: Audience, event: ev.TweetPosted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = audience.with_tweet(event.tweet_id)
    effects: list[Effect] = [
        PutTweet(
            tweet_id=event.tweet_id,
            author_id=event.author_id,
            text=event.text,
            created_at=time_ms(event.tweet_id),
            reply_to=event.reply_to,
            stamp=stamp,
        ),
        _counts(after, stamp),
    ]
    if pushed and after.followers.size:
        tweets = _one(event.tweet_id)
        effects.append(Deliver(event.author_id, tweets, after.followers, stamp))
    return after, effects


def _tweet_deleted(
    audience: Audience, event: ev.TweetDeleted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = audience.without_tweet(event.tweet_id)
    return after, [DeleteTweet(event.tweet_id, event.author_id, stamp), _counts(after, stamp)]


def _user_followed(
    audience: Audience, event: ev.UserFollowed, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = audience.with_follower(event.follower_id)
    effects: list[Effect] = [
        PutEdge(event.follower_id, event.followee_id, stamp),
        _counts(after, stamp),
    ]
    if pushed:
        effects += _backfill(after, _one(event.follower_id), stamp, cap)
    return after, effects


def _user_unfollowed(
    audience: Audience, event: ev.UserUnfollowed, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = audience.without_follower(event.follower_id)
    effects: list[Effect] = [
        DropEdge(event.follower_id, event.followee_id, stamp),
        _counts(after, stamp),
    ]
    newest = after.newest(cap)
    if newest.size:
        effects.append(Retract(event.followee_id, newest, _one(event.follower_id), stamp))
    return after, effects


def _author_promoted(
    audience: Audience, event: ev.AuthorPromoted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = replace(audience, celebrity=True)
    return after, [SetCelebrity(event.author_id, True, stamp)]


def _author_demoted(
    audience: Audience, event: ev.AuthorDemoted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = replace(audience, celebrity=False)
    effects = _backfill(after, after.followers, stamp, cap)
    return after, [*effects, SetCelebrity(event.author_id, False, stamp)]


def _backfill(audience: Audience, recipients: IntArray, stamp: int, cap: int) -> list[Effect]:
    newest = audience.newest(cap)
    if not (newest.size and recipients.size):
        return []
    effects: list[Effect] = [Deliver(audience.author_id, newest, recipients, stamp)]
    if audience.tweets.size > cap:
        effects.append(RaiseFloor(recipients, int(newest[-1])))
    return effects


def _counts(audience: Audience, stamp: int) -> SetCounts:
    return SetCounts(audience.author_id, audience.followers.size, audience.tweets.size, stamp)


def _one(value: int) -> IntArray:
    return np.array([value], dtype=np.int64)


_HANDLERS: Final[dict[type[ev.Event], Callable[[Audience, Any, int, int, bool], Folded]]] = {
    ev.AccountCreated: _account_created,
    ev.TweetPosted: _tweet_posted,
    ev.TweetDeleted: _tweet_deleted,
    ev.UserFollowed: _user_followed,
    ev.UserUnfollowed: _user_unfollowed,
    ev.AuthorPromoted: _author_promoted,
    ev.AuthorDemoted: _author_demoted,
}
