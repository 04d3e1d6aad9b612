"""Effects are values: what a fold wants written, each under the stamp of its cause.

Two effects on one cell commute, because the higher stamp wins; at equal stamps a removal wins. The
exceptions: the stamp of a floor is the floor, and a trim has the highest stamp of all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foldline.core.ids import IntArray


@dataclass(frozen=True, slots=True)
class PutAccount:
    """An account's profile, and its username's entry in the directory. `created_at`: ms."""

    user_id: int
    username: str
    display_name: str
    bio: str
    created_at: int
    stamp: int


@dataclass(frozen=True, slots=True)
class PutTweet:
    """A tweet, by id and among its author's. `created_at`: ms since 1970."""

    tweet_id: int
    author_id: int
    text: str
    created_at: int
    reply_to: int | None
    stamp: int


@dataclass(frozen=True, slots=True)
class DeleteTweet:
    """The final marker on a tweet, and its removal from among its author's."""

    tweet_id: int
    author_id: int
    stamp: int


@dataclass(frozen=True, slots=True)
class PutEdge:
    """A follow, seen from both ends."""

    follower_id: int
    followee_id: int
    stamp: int


@dataclass(frozen=True, slots=True)
class DropEdge:
    """A follow's end, seen from both ends."""

    follower_id: int
    followee_id: int
    stamp: int


@dataclass(frozen=True, slots=True)
class SetCounts:
    """How many followers and live tweets an account has: absolute, never a difference."""

    user_id: int
    followers: int
    tweets: int
    stamp: int


@dataclass(frozen=True, slots=True, eq=False)
class Deliver:
    """Each of `tweets` into the timeline of each of `recipients` (int64 arrays)."""

    author_id: int
    tweets: IntArray
    recipients: IntArray
    stamp: int


@dataclass(frozen=True, slots=True, eq=False)
class Retract:
    """Each of `tweets` out of the timeline of each of `recipients` (int64 arrays)."""

    author_id: int
    tweets: IntArray
    recipients: IntArray
    stamp: int


@dataclass(frozen=True, slots=True, eq=False)
class RaiseFloor:
    """The timelines of `users` are complete down to `floor` and no further. Floors only rise."""

    users: IntArray
    floor: int


@dataclass(frozen=True, slots=True)
class TrimBelow:
    """Drop a timeline's entries below its floor, which must already stand."""

    user_id: int
    floor: int


@dataclass(frozen=True, slots=True)
class SetCelebrity:
    """Whether readers must merge this author. Written after every other effect of its batch."""

    author_id: int
    celebrity: bool
    stamp: int


@dataclass(frozen=True, slots=True)
class PutDeadLetter:
    """An event that can't be folded, by its place in the log. `value` is what lay there."""

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
    newest = {effect.user_id: effect for effect in effects if isinstance(effect, SetCounts)}
    return [
        effect
        for effect in effects
        if not isinstance(effect, SetCounts) or newest[effect.user_id] is effect
    ]
