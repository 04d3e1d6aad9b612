"""Effects are values: what a fold wants written, each under the stamp of its cause.

Two effects on one cell commute, because the higher stamp wins; at equal stamps a removal wins. The
exceptions: the stamp of a floor is the floor, and a trim has the highest stamp of all.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from foldline.core.ids import IntArray
from foldline.core.words import WordKind


class ReferenceKind(StrEnum):
    """How a tweet refers to another."""

    RETWEET = "retweet"
    REPLY = "reply"


class PutAccount(Struct, frozen=True):
    """An account's profile whole, and its username's entry in the directory. `created_at`: ms;
    `closed_at`: the stamp of its deletion, or None."""

    user_id: int
    username: str
    display_name: str
    bio: str
    created_at: int
    stamp: int
    verified: bool = False
    suspended: bool = False
    closed_at: int | None = None


class PutTweet(Struct, frozen=True):
    """A tweet, by id and among its author's. `created_at`: ms since 1970. `reply_to` and
    `retweet_of` come with the author of that tweet, but for replies of the first version."""

    tweet_id: int
    author_id: int
    text: str
    created_at: int
    reply_to: int | None
    stamp: int
    reply_to_author: int | None = None
    retweet_of: int | None = None
    retweet_of_author: int | None = None


class DeleteTweet(Struct, frozen=True):
    """The final marker on a tweet, and its removal from among its author's."""

    tweet_id: int
    author_id: int
    stamp: int


class PutEdge(Struct, frozen=True):
    """A follow, seen from both ends."""

    follower_id: int
    followee_id: int
    stamp: int


class DropEdge(Struct, frozen=True):
    """A follow's end, seen from both ends."""

    follower_id: int
    followee_id: int
    stamp: int


class DropFollowers(Struct, frozen=True, eq=False):
    """The end of every follow of a deleted account (int64), seen from the followers' end. What the
    account itself lists may stay, since nobody reads it, and a repeat must find all of it: where
    the two ends are written apart, it is the list that such an effect is made from."""

    followee_id: int
    followers: IntArray
    stamp: int


class SetBlock(Struct, frozen=True):
    """Whether one blocks the other, seen from both ends."""

    blocker_id: int
    blocked_id: int
    blocked: bool
    stamp: int


class SetMute(Struct, frozen=True):
    """Whether one mutes the other, seen from the muter."""

    muter_id: int
    muted_id: int
    muted: bool
    stamp: int


class PutWord(Struct, frozen=True):
    """A word that an author's partition keeps, under its cause: see `core.words`."""

    author_id: int
    kind: WordKind
    about_id: int
    cause: int
    value: int
    stamp: int


class SetOwnRetweet(Struct, frozen=True):
    """By which tweet an account retweets another, or None: it does not."""

    user_id: int
    tweet_id: int
    retweet_id: int | None
    stamp: int


class SetLike(Struct, frozen=True):
    """Whether an account likes a tweet, seen from both ends."""

    tweet_id: int
    author_id: int
    user_id: int
    liked: bool
    stamp: int


class PutReference(Struct, frozen=True):
    """A retweet of a tweet or a reply to it, seen from the tweet."""

    kind: ReferenceKind
    tweet_id: int
    by_tweet_id: int
    by_user_id: int
    stamp: int


class DropReference(Struct, frozen=True):
    """The final marker on a retweet or a reply, in a cell of its own, also before it is there."""

    kind: ReferenceKind
    tweet_id: int
    by_tweet_id: int
    stamp: int


class SetEngagement(Struct, frozen=True):
    """How many like, retweet and answer a tweet: absolute, never a difference."""

    tweet_id: int
    likes: int
    retweets: int
    replies: int
    stamp: int


class SetCounts(Struct, frozen=True):
    """How many followers and live tweets an account has: absolute, never a difference."""

    user_id: int
    followers: int
    tweets: int
    stamp: int


class Deliver(Struct, frozen=True, eq=False):
    """Each of `tweets` into the timeline of each of `recipients` (int64 arrays)."""

    author_id: int
    tweets: IntArray
    recipients: IntArray
    stamp: int


class Retract(Struct, frozen=True, eq=False):
    """Each of `tweets` out of the timeline of each of `recipients` (int64 arrays)."""

    author_id: int
    tweets: IntArray
    recipients: IntArray
    stamp: int


class RaiseFloor(Struct, frozen=True, eq=False):
    """The timelines of `users` are complete down to `floor` and no further. Floors only rise."""

    users: IntArray
    floor: int


class TrimBelow(Struct, frozen=True):
    """Drop a timeline's entries below its floor, which must already stand."""

    user_id: int
    floor: int


class SetCelebrity(Struct, frozen=True):
    """Whether readers must merge this author. Written after every other effect of its batch."""

    author_id: int
    celebrity: bool
    stamp: int


class PutDeadLetter(Struct, frozen=True):
    """An event that can't be folded, by its place in the log, the partition as `position.keyed`.
    `value` is what lay there."""

    partition: int
    offset: int
    error: str
    value: bytes | None
    stamp: int


Effect = (
    PutAccount
    | PutTweet
    | DeleteTweet
    | PutEdge
    | DropEdge
    | DropFollowers
    | SetBlock
    | SetMute
    | PutWord
    | SetOwnRetweet
    | SetLike
    | PutReference
    | DropReference
    | SetEngagement
    | SetCounts
    | Deliver
    | Retract
    | RaiseFloor
    | TrimBelow
    | SetCelebrity
    | PutDeadLetter
)


def rows_of(effects: Iterable[Effect]) -> int:
    """How many timeline rows are put in or taken out."""
    return sum(
        effect.tweets.size * effect.recipients.size
        for effect in effects
        if isinstance(effect, Deliver | Retract)
    )


def newest_counts(effects: Sequence[Effect]) -> list[Effect]:
    """The effects, in their order, without the counts that a later one of them replaces."""
    newest: dict[tuple[type, int], Effect] = {}
    for effect in effects:
        if isinstance(effect, SetCounts | SetEngagement):
            newest[_counted(effect)] = effect
    return [
        effect
        for effect in effects
        if not isinstance(effect, SetCounts | SetEngagement) or newest[_counted(effect)] is effect
    ]


def _counted(effect: SetCounts | SetEngagement) -> tuple[type, int]:
    whose = effect.user_id if isinstance(effect, SetCounts) else effect.tweet_id
    return type(effect), whose
