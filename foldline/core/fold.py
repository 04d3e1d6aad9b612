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
- An account retweets a tweet once: while a retweet stands, another one is passed over.
- Nothing is skipped because it seems done already: the audience may have been loaded from a view
  that is ahead of progress, where one write of an event stands and another does not. What is
  refused, is so by `words` that are known to have stood before.

Rules on accounts are in `fold_accounts`, on follows, blocks and mutes in `fold_graph`; what others
do with a tweet is folded by `engagement`.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from foldline.core import events as ev
from foldline.core import fold_accounts, fold_graph
from foldline.core.audience import Audience
from foldline.core.effects import (
    DeleteTweet,
    Deliver,
    Effect,
    PutTweet,
    SetCelebrity,
    SetOwnRetweet,
)
from foldline.core.folded import Folded, backfill, counts, heard, one
from foldline.core.follow_ups import Derive, FollowUp
from foldline.core.ids import time_ms
from foldline.core.words import Word, WordKind, once_stood, standing


def fold(audience: Audience, event: ev.Event, stamp: int, *, cap: int, settled: bool) -> Folded:
    """The audience after `event`, the effects of it, and what follows.

    `cap` bounds the entries of a backfill; `settled` says that every reader has surely seen the
    author's celebrity flag, if there is one.
    """
    if audience.closed_before(stamp):
        return Folded(audience, [])
    pushed = not (audience.celebrity and settled)
    return _HANDLERS[type(event)](audience, event, stamp, cap, pushed)


def _tweet_posted(
    audience: Audience, event: ev.TweetPosted, stamp: int, cap: int, pushed: bool
) -> Folded:
    tweet_id = event.tweet_id
    if _retweeted_already(audience, event, stamp):
        return Folded(audience, [])
    after, effects = audience.with_tweet(tweet_id), list[Effect]()
    if event.retweet_of is not None:
        after, effects = _with_retweet(after, event.retweet_of, tweet_id, stamp)
    put = PutTweet(
        tweet_id=tweet_id,
        author_id=event.author_id,
        text=event.text,
        created_at=time_ms(tweet_id),
        reply_to=event.reply_to,
        stamp=stamp,
        reply_to_author=event.reply_to_author,
        retweet_of=event.retweet_of,
        retweet_of_author=event.retweet_of_author,
    )
    effects += [put, counts(after, stamp)]
    if pushed and after.followers.size:
        effects.append(Deliver(event.author_id, one(tweet_id), after.followers, stamp))
    return Folded(after, effects, _told_of_post(event))


def _tweet_deleted(
    audience: Audience, event: ev.TweetDeleted, stamp: int, cap: int, pushed: bool
) -> Folded:
    original, tweet_id = event.retweet_of, event.tweet_id
    after = audience.without_tweet(tweet_id)
    effects: list[Effect] = [
        DeleteTweet(tweet_id, event.author_id, stamp),
        counts(after, stamp),
    ]
    if original is not None and _own_retweet(audience, original, stamp) == tweet_id:
        word = Word(stamp, stamp, value=0)
        after, words, _ = heard(after, WordKind.RETWEET, original, word)
        effects += [*words, SetOwnRetweet(event.author_id, original, None, stamp)]
    return Folded(after, effects, told_of_deletion(event))


def _own_retweet(audience: Audience, original: int, stamp: int) -> int:
    return standing(audience.words, (WordKind.RETWEET, original), stamp)


def _retweeted_already(audience: Audience, event: ev.TweetPosted, stamp: int) -> bool:
    """Whether another retweet of the same tweet stands."""
    if event.retweet_of is None:
        return False
    return _own_retweet(audience, event.retweet_of, stamp) not in (0, event.tweet_id)


def _with_retweet(
    audience: Audience, original: int, tweet_id: int, stamp: int
) -> tuple[Audience, list[Effect]]:
    """A retweet stands, unless it is a late copy of one that did and was deleted."""
    topic = (WordKind.RETWEET, original)
    if once_stood(audience.words, topic, tweet_id, stamp):
        return audience, []
    word = Word(stamp, stamp, value=tweet_id)
    after, words, _ = heard(audience, WordKind.RETWEET, original, word)
    return after, [*words, SetOwnRetweet(audience.author_id, original, tweet_id, stamp)]


def _told_of_post(event: ev.TweetPosted) -> list[FollowUp]:
    told: list[FollowUp] = []
    if event.retweet_of is not None and event.retweet_of_author is not None:
        told.append(
            Derive(
                ev.TweetRetweeted(
                    event.retweet_of_author, event.retweet_of, event.tweet_id, event.author_id
                )
            )
        )
    if event.reply_to is not None and event.reply_to_author is not None:
        told.append(
            Derive(
                ev.TweetReplied(
                    event.reply_to_author, event.reply_to, event.tweet_id, event.author_id
                )
            )
        )
    return told


def told_of_deletion(event: ev.TweetDeleted) -> list[FollowUp]:
    """What the author of the tweet that was answered or repeated hears of the end of it."""
    told: list[FollowUp] = []
    if event.retweet_of is not None and event.retweet_of_author is not None:
        undone = ev.TweetUnretweeted(event.retweet_of_author, event.retweet_of, event.tweet_id)
        told.append(Derive(undone))
    if event.reply_to is not None and event.reply_to_author is not None:
        told.append(
            Derive(ev.TweetUnreplied(event.reply_to_author, event.reply_to, event.tweet_id))
        )
    return told


def _author_promoted(
    audience: Audience, event: ev.AuthorPromoted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = replace(audience, celebrity=True)
    return Folded(after, [SetCelebrity(event.author_id, True, stamp)])


def _author_demoted(
    audience: Audience, event: ev.AuthorDemoted, stamp: int, cap: int, pushed: bool
) -> Folded:
    after = replace(audience, celebrity=False)
    effects = backfill(after, after.followers, stamp, cap)
    return Folded(after, [*effects, SetCelebrity(event.author_id, False, stamp)])


_HANDLERS: Final[dict[type[ev.Event], Callable[[Audience, Any, int, int, bool], Folded]]] = {
    ev.AccountCreated: fold_accounts.account_created,
    ev.AccountUpdated: fold_accounts.account_changed,
    ev.AccountSuspended: fold_accounts.account_changed,
    ev.AccountReinstated: fold_accounts.account_changed,
    ev.AccountVerified: fold_accounts.account_changed,
    ev.AccountDeleted: fold_accounts.account_deleted,
    ev.TweetPosted: _tweet_posted,
    ev.TweetDeleted: _tweet_deleted,
    ev.AuthorPromoted: _author_promoted,
    ev.AuthorDemoted: _author_demoted,
    ev.UserFollowed: fold_graph.user_followed,
    ev.UserUnfollowed: fold_graph.user_unfollowed,
    ev.FollowBarred: fold_graph.follow_barred,
    ev.FollowUnbarred: fold_graph.follow_unbarred,
    ev.UserBlocked: fold_graph.user_blocked,
    ev.UserUnblocked: fold_graph.user_unblocked,
    ev.UserMuted: fold_graph.user_muted,
    ev.UserUnmuted: fold_graph.user_unmuted,
}
