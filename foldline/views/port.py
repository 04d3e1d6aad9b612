"""The port of the views: what is folded from the log, and what is served from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from foldline.core.audience import Audience
from foldline.core.effects import Effect, ReferenceKind
from foldline.core.engagement import Engagement
from foldline.core.ids import IntArray
from foldline.core.position import Position
from foldline.core.span import Span


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is shown. `created_at`: ms since 1970. Counts of no writes yet are 0.
    `closed_at`: the stamp of its deletion, None while it lasts."""

    user_id: int
    username: str
    display_name: str
    bio: str
    created_at: int
    followers_count: int
    tweets_count: int
    verified: bool = False
    suspended: bool = False
    closed_at: int | None = None

    @property
    def deleted(self) -> bool:
        return self.closed_at is not None

    @property
    def visible(self) -> bool:
        """Whether its tweets may be shown to anybody."""
        return not (self.suspended or self.deleted)


@dataclass(frozen=True, slots=True)
class Tweet:
    """A tweet as it was posted, and whether it was deleted since. `created_at`: ms since 1970."""

    tweet_id: int
    author_id: int
    text: str
    created_at: int
    reply_to: int | None
    deleted: bool
    reply_to_author: int | None = None
    retweet_of: int | None = None
    retweet_of_author: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many like, retweet and answer a tweet."""

    likes: int
    retweets: int
    replies: int


@dataclass(frozen=True, slots=True, eq=False)
class Restrictions:
    """Whom an account blocks, who blocks it, and whom it mutes: each sorted int64."""

    blocks: IntArray
    blocked_by: IntArray
    mutes: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ViewerRows:
    """What a home timeline is made of beside its entries: whom the viewer follows (sorted int64),
    what restricts it, and its floor."""

    following: IntArray
    restrictions: Restrictions
    floor: int


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRows:
    """Retweets of a tweet or replies to it, in the order of the span: their ids and authors."""

    tweets: IntArray
    authors: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TimelineRows:
    """Materialized entries, in the order of the span: `tweets` and their `authors`, int64."""

    tweets: IntArray
    authors: IntArray


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be folded. `replayed_to`: where its copies were appended."""

    position: Position
    error: str
    value: bytes | None
    replayed_to: tuple[Position, ...]


class FoldedViews(Protocol):
    """What the projector needs. Every write is repeatable and commutes by its stamp, so two workers
    may write the same batch, or an old one, at any time.

    All methods raise `ViewsUnavailableError` where the store can't answer.
    """

    async def load(self, author_ids: Sequence[int]) -> dict[int, Audience]:
        """The audience of each author, as the view has it: at least all up to progress. An author
        never heard of has an empty one."""

    async def load_engagements(self, tweets: Mapping[int, int]) -> dict[int, Engagement]:
        """The engagement of each tweet (id → author), as the view has it. One never heard of is
        empty."""

    async def apply(self, effects: Sequence[Effect], progress: Mapping[int, int]) -> None:
        """Write all effects durably, then the celebrity flags, then `progress` (partition → next
        offset). On an error some effects may stand, but no flag before all rows, and no progress
        before all flags. Progress and floors never fall. A cancelled call may yet write."""

    async def progress(self) -> dict[int, int]:
        """The next offset of each partition that has any progress."""


class ServedViews(Protocol):
    """What the readers need. Ids not found are absent from the answers.

    All methods raise `ViewsUnavailableError` where the store can't answer.
    """

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        """The accounts among `user_ids` that exist, or did before they were deleted."""

    async def account_id(self, username: str) -> int | None:
        """Who has this username (lower case): the newest account that ever had it, which may be
        deleted."""

    async def account_ids(self, after: int | None, limit: int) -> IntArray:
        """The next `limit` accounts behind `after`, or the first: each account once, deleted ones
        too, in an order that is the store's own but always the same."""

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        """The tweets among `tweet_ids` that exist, deleted ones included."""

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        """The live tweets of each author within `span`, in its order, cut by its limit each."""

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        """The materialized entries within `span`, in its order. Below the floor they mean
        nothing: read the floor after them."""

    async def floor(self, user_id: int) -> int:
        """The id down to which, inclusive, the timeline is complete; 0 if it is whole."""

    async def celebrities(self) -> IntArray:
        """All authors that readers must merge, sorted."""

    async def following(self, user_id: int) -> IntArray:
        """Whom an account follows, sorted; bounded by the follows an account may have."""

    async def following_among(self, follower_ids: Sequence[int], followee_id: int) -> IntArray:
        """Which of `follower_ids` follow the account, sorted."""

    async def followers(self, user_id: int, after: int, limit: int) -> IntArray:
        """The next `limit` followers with an id above `after`, ascending."""

    async def restrictions(self, user_id: int) -> Restrictions:
        """The blocks and mutes that concern an account."""

    async def viewers(self, user_ids: Sequence[int]) -> dict[int, ViewerRows]:
        """What `following`, `restrictions` and `floor` answer of each of them, read at once: for
        who reads the timelines of many."""

    async def counts(self, tweet_ids: Sequence[int]) -> dict[int, Counts]:
        """Of each tweet, where there are any: the others have none."""

    async def liked_among(self, user_id: int, tweet_ids: Sequence[int]) -> IntArray:
        """Which of the tweets the account likes, sorted."""

    async def retweets_among(self, user_id: int, tweet_ids: Sequence[int]) -> dict[int, int]:
        """Which of the tweets the account retweets, and by which tweet."""

    async def likers(self, tweet_id: int, after: int, limit: int) -> IntArray:
        """The next `limit` accounts with an id above `after` that like the tweet, ascending."""

    async def likes_of(self, user_id: int, after: int, limit: int) -> dict[int, int]:
        """The next `limit` tweets with an id above `after` that the account likes: id → author."""

    async def references(self, kind: ReferenceKind, tweet_id: int, span: Span) -> ReferenceRows:
        """The retweets of a tweet, or the replies to it, within `span`, in its order."""


class DeadLetters(Protocol):
    """The events that could not be folded. Raises `ViewsUnavailableError`."""

    async def dead_letters(self, after: Position | None, limit: int) -> list[DeadLetter]:
        """The next `limit` dead letters behind `after`, by partition and offset."""

    async def dead_letter(self, at: Position) -> DeadLetter | None:
        """The dead letter of this place in the log."""

    async def mark_replayed(self, at: Position, to: Position) -> None:
        """Note that a copy of the dead letter was appended at `to`. Repeatable."""


class Views(FoldedViews, ServedViews, DeadLetters, Protocol):
    """One generation of all views."""

    async def close(self) -> None:
        """Finish what was begun and give back what is held. Idempotent."""
