"""Which cached values an event changes: no more is known of it than the event itself says."""

from collections.abc import Callable
from typing import Any, Final

from foldline.caching.keys import Key, Kind
from foldline.core import events as ev

NOTHING: Final[frozenset[Key]] = frozenset()


def touched(event: ev.Event) -> frozenset[Key]:
    """The keys whose values are others once the event is folded."""
    return RULES[type(event)](event)


def _account(event: ev.OfAccount) -> frozenset[Key]:
    return frozenset({Key(Kind.ACCOUNT, event.account_id)})


def _account_deleted(event: ev.AccountDeleted) -> frozenset[Key]:
    return _account(event) | {Key(Kind.FOLLOWED, event.account_id)}


def _posted(event: ev.TweetPosted) -> frozenset[Key]:
    return frozenset({Key(Kind.ACCOUNT, event.author_id), Key(Kind.NEWEST, event.author_id)})


def _deleted(event: ev.TweetDeleted) -> frozenset[Key]:
    author = event.author_id
    tweet = Key(Kind.TWEET, event.tweet_id)
    return frozenset({tweet, Key(Kind.ACCOUNT, author), Key(Kind.NEWEST, author)})


def _crossed(event: ev.AuthorPromoted | ev.AuthorDemoted) -> frozenset[Key]:
    return NOTHING  # the same tweets are read, from elsewhere


def _engaged(event: ev.OfTweet) -> frozenset[Key]:
    return frozenset({Key(Kind.COUNTS, event.tweet_id)})


def _liked(event: ev.TweetLiked | ev.TweetUnliked) -> frozenset[Key]:
    return _engaged(event) | {Key(Kind.LIKES, event.user_id)}


def _edge(event: ev.OfFollowee) -> frozenset[Key]:
    return frozenset({Key(Kind.FOLLOWING, event.follower_id), Key(Kind.ACCOUNT, event.followee_id)})


def _unbarred(event: ev.FollowUnbarred) -> frozenset[Key]:
    return NOTHING  # a follow may be asked for again; none begins


def _blocked(event: ev.UserBlocked) -> frozenset[Key]:
    ended = {Key(Kind.FOLLOWING, event.blocker_id), Key(Kind.ACCOUNT, event.blocked_id)}
    return _block(event) | ended


def _block(event: ev.OfBlocked) -> frozenset[Key]:
    both = (event.blocker_id, event.blocked_id)
    return frozenset(Key(Kind.RESTRICTIONS, user_id) for user_id in both)


def _mute(event: ev.OfMuted) -> frozenset[Key]:
    return frozenset({Key(Kind.RESTRICTIONS, event.muter_id)})


RULES: Final[dict[type[ev.Event], Callable[[Any], frozenset[Key]]]] = {
    ev.AccountCreated: _account,
    ev.AccountUpdated: _account,
    ev.AccountSuspended: _account,
    ev.AccountReinstated: _account,
    ev.AccountVerified: _account,
    ev.AccountDeleted: _account_deleted,
    ev.TweetPosted: _posted,
    ev.TweetDeleted: _deleted,
    ev.AuthorPromoted: _crossed,
    ev.AuthorDemoted: _crossed,
    ev.TweetLiked: _liked,
    ev.TweetUnliked: _liked,
    ev.TweetRetweeted: _engaged,
    ev.TweetUnretweeted: _engaged,
    ev.TweetReplied: _engaged,
    ev.TweetUnreplied: _engaged,
    ev.UserFollowed: _edge,
    ev.UserUnfollowed: _edge,
    ev.FollowBarred: _edge,
    ev.FollowUnbarred: _unbarred,
    ev.UserBlocked: _blocked,
    ev.UserUnblocked: _block,
    ev.UserMuted: _mute,
    ev.UserUnmuted: _mute,
}
