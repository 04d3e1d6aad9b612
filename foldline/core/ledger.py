"""The facts of the log, kept the naive way: what the fold and the views are measured by.

Nothing here is shared with the fold but the events themselves: no audiences, no stamps on cells,
no deliveries, no floors. A timeline is what the design's sentence says, computed from sets. So a
mistake of the fold, of a writer or of a store shows as a difference; a mistake in both would have
to be made twice.

The ledger stands at a position of each partition, and takes what follows there, in order. Of a
partition it knows what the partition alone decides: a follow that a block refuses is passed over,
nothing changes an account any more once it is deleted, one retweet of a tweet stands at a time.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

from foldline.core import events as ev

Pair = tuple[int, int]


@dataclass(slots=True)
class Facts:
    """Of one account: its profile as last told, and what stands of what was done to it.

    `tweets`: id → what it repeats, with that author, or None; live ones only (`newest`: the same in
    order, once asked for). `retweets`: by which tweet another is repeated. `barred`: whose follows
    are refused, and since which cause.
    """

    username: str = ""
    display_name: str = ""
    bio: str = ""
    verified: bool = False
    suspended: bool = False
    created: bool = False
    deleted: bool = False
    celebrity: bool = False
    tweets: dict[int, Pair | None] = field(default_factory=dict)
    newest: tuple[int, ...] | None = None
    gone: set[int] = field(default_factory=set)
    retweets: dict[int, int] = field(default_factory=dict)
    followers: set[int] = field(default_factory=set)
    blockers: set[int] = field(default_factory=set)
    muters: set[int] = field(default_factory=set)
    barred: dict[int, tuple[int, bool]] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[int, ...]:
        """The live tweets, newest first."""
        if self.newest is None:
            self.newest = tuple(sorted(self.tweets, reverse=True))
        return self.newest


@dataclass(slots=True)
class Acts:
    """What was done with one tweet: who likes it, which tweets repeat and answer it."""

    likes: set[int] = field(default_factory=set)
    retweets: set[int] = field(default_factory=set)
    replies: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)


class Ledger:
    """Facts by account and acts by tweet. `follows`, `blocks`, `mutes`: the same from the other
    end; `authors`: of every tweet; `texts`: its text's checksum; `positions`: the next offset taken
    of each partition."""

    def __init__(self, partitions: int) -> None:
        self.positions = [0] * partitions
        self.accounts: dict[int, Facts] = defaultdict(Facts)
        self.acts: dict[int, Acts] = defaultdict(Acts)
        self.follows: dict[int, set[int]] = defaultdict(set)
        self.blocks: dict[int, set[int]] = defaultdict(set)
        self.mutes: dict[int, set[int]] = defaultdict(set)
        self.likes: dict[int, set[int]] = defaultdict(set)
        self.authors: dict[int, int] = {}
        self.texts: dict[int, int] = {}

    def take(self, partition: int, offset: int, event: ev.Event | None) -> None:
        """The next record of a partition; None is one that can't be read."""
        if offset != self.positions[partition]:
            raise ValueError(f"{partition}-{offset} came where {self.positions[partition]} is next")
        self.positions[partition] += 1
        if event is None:
            return
        if isinstance(event, ev.OfTweet):
            _ACTS[type(event)](self, self.acts[event.tweet_id], event)
            return
        facts = self.accounts[event.key]
        if not facts.deleted:
            _FACTS[type(event)](self, facts, event)

    def users(self) -> list[int]:
        """All accounts that were created, deleted ones too, ascending."""
        return sorted(user for user, facts in self.accounts.items() if facts.created)

    def unfollow(self, follower: int, followee: int) -> None:
        """No follow stands between the two."""
        self.accounts[followee].followers.discard(follower)
        self.follows[follower].discard(followee)


def _created(ledger: Ledger, facts: Facts, event: ev.AccountCreated) -> None:
    if facts.created:
        return
    facts.created = True
    facts.username, facts.display_name, facts.bio = event.username, event.display_name, event.bio


def _updated(ledger: Ledger, facts: Facts, event: ev.AccountUpdated) -> None:
    if event.display_name is not None and facts.created:
        facts.display_name = event.display_name
    if event.bio is not None and facts.created:
        facts.bio = event.bio


def _suspended(ledger: Ledger, facts: Facts, event: ev.AccountSuspended) -> None:
    facts.suspended = facts.created


def _reinstated(ledger: Ledger, facts: Facts, event: ev.AccountReinstated) -> None:
    facts.suspended = False


def _verified(ledger: Ledger, facts: Facts, event: ev.AccountVerified) -> None:
    facts.verified = facts.created


def _deleted(ledger: Ledger, facts: Facts, event: ev.AccountDeleted) -> None:
    if not facts.created:
        return
    facts.deleted, facts.celebrity = True, False
    for follower in list(facts.followers):
        ledger.unfollow(follower, event.account_id)


def _posted(ledger: Ledger, facts: Facts, event: ev.TweetPosted) -> None:
    of, tweet = event.retweet_of, event.tweet_id
    if of is not None and facts.retweets.get(of, tweet) != tweet:
        return
    ledger.authors[tweet] = event.author_id
    ledger.texts[tweet] = crc32(event.text.encode())
    if tweet in facts.gone:
        return
    facts.tweets[tweet] = None if of is None else (of, event.retweet_of_author or 0)
    facts.newest = None
    if of is not None:
        facts.retweets[of] = tweet


def _tweet_deleted(ledger: Ledger, facts: Facts, event: ev.TweetDeleted) -> None:
    facts.gone.add(event.tweet_id)
    facts.tweets.pop(event.tweet_id, None)
    facts.newest = None
    if event.retweet_of is not None and facts.retweets.get(event.retweet_of) == event.tweet_id:
        del facts.retweets[event.retweet_of]


def _followed(ledger: Ledger, facts: Facts, event: ev.UserFollowed) -> None:
    follower = event.follower_id
    if follower in facts.blockers or facts.barred.get(follower, (0, False))[1]:
        return
    facts.followers.add(follower)
    ledger.follows[follower].add(event.followee_id)


def _unfollowed(ledger: Ledger, facts: Facts, event: ev.UserUnfollowed) -> None:
    ledger.unfollow(event.follower_id, event.followee_id)


def _barred(ledger: Ledger, facts: Facts, event: ev.FollowBarred | ev.FollowUnbarred) -> None:
    refused = isinstance(event, ev.FollowBarred)
    if event.cause <= facts.barred.get(event.follower_id, (-1, False))[0]:
        return
    facts.barred[event.follower_id] = event.cause, refused
    if refused:
        ledger.unfollow(event.follower_id, event.followee_id)


def _blocked(ledger: Ledger, facts: Facts, event: ev.UserBlocked) -> None:
    facts.blockers.add(event.blocker_id)
    ledger.blocks[event.blocker_id].add(event.blocked_id)
    ledger.unfollow(event.blocker_id, event.blocked_id)


def _unblocked(ledger: Ledger, facts: Facts, event: ev.UserUnblocked) -> None:
    facts.blockers.discard(event.blocker_id)
    ledger.blocks[event.blocker_id].discard(event.blocked_id)


def _muted(ledger: Ledger, facts: Facts, event: ev.UserMuted) -> None:
    facts.muters.add(event.muter_id)
    ledger.mutes[event.muter_id].add(event.muted_id)


def _unmuted(ledger: Ledger, facts: Facts, event: ev.UserUnmuted) -> None:
    facts.muters.discard(event.muter_id)
    ledger.mutes[event.muter_id].discard(event.muted_id)


def _promoted(ledger: Ledger, facts: Facts, event: ev.AuthorPromoted) -> None:
    facts.celebrity = True


def _demoted(ledger: Ledger, facts: Facts, event: ev.AuthorDemoted) -> None:
    facts.celebrity = False


def _liked(ledger: Ledger, acts: Acts, event: ev.TweetLiked) -> None:
    acts.likes.add(event.user_id)
    ledger.likes[event.user_id].add(event.tweet_id)


def _unliked(ledger: Ledger, acts: Acts, event: ev.TweetUnliked) -> None:
    acts.likes.discard(event.user_id)
    ledger.likes[event.user_id].discard(event.tweet_id)


def _retweeted(ledger: Ledger, acts: Acts, event: ev.TweetRetweeted) -> None:
    if event.retweet_id not in acts.gone:
        acts.retweets.add(event.retweet_id)


def _replied(ledger: Ledger, acts: Acts, event: ev.TweetReplied) -> None:
    if event.reply_id not in acts.gone:
        acts.replies.add(event.reply_id)


def _unretweeted(ledger: Ledger, acts: Acts, event: ev.TweetUnretweeted) -> None:
    acts.gone.add(event.retweet_id)
    acts.retweets.discard(event.retweet_id)


def _unreplied(ledger: Ledger, acts: Acts, event: ev.TweetUnreplied) -> None:
    acts.gone.add(event.reply_id)
    acts.replies.discard(event.reply_id)


_FACTS: Final[dict[type[ev.Event], Callable[[Ledger, Facts, Any], None]]] = {
    ev.AccountCreated: _created,
    ev.AccountUpdated: _updated,
    ev.AccountSuspended: _suspended,
    ev.AccountReinstated: _reinstated,
    ev.AccountVerified: _verified,
    ev.AccountDeleted: _deleted,
    ev.TweetPosted: _posted,
    ev.TweetDeleted: _tweet_deleted,
    ev.AuthorPromoted: _promoted,
    ev.AuthorDemoted: _demoted,
    ev.UserFollowed: _followed,
    ev.UserUnfollowed: _unfollowed,
    ev.FollowBarred: _barred,
    ev.FollowUnbarred: _barred,
    ev.UserBlocked: _blocked,
    ev.UserUnblocked: _unblocked,
    ev.UserMuted: _muted,
    ev.UserUnmuted: _unmuted,
}
_ACTS: Final[dict[type[ev.Event], Callable[[Ledger, Acts, Any], None]]] = {
    ev.TweetLiked: _liked,
    ev.TweetUnliked: _unliked,
    ev.TweetRetweeted: _retweeted,
    ev.TweetUnretweeted: _unretweeted,
    ev.TweetReplied: _replied,
    ev.TweetUnreplied: _unreplied,
}
