"""What can happen. Every event is keyed by the account whose audience it concerns.

Derived events are appended by the projector: they follow from an event of another partition, which
names all that they need. When an account is deleted, the ends of its follows and likes are derived
as well.
"""

from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct

from foldline.core.ids import MAX_ID

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]


class Event(Struct, frozen=True, omit_defaults=True):
    """A fact of the log. `VERSION` is the payload's version that this code writes."""

    VERSION: ClassVar[int] = 1

    @property
    def key(self) -> int:
        """The account whose audience this event concerns; it decides the partition."""
        raise NotImplementedError


class OfAccount(Event, frozen=True):
    """Keyed by the account itself."""

    account_id: Id

    @property
    def key(self) -> int:
        return self.account_id


class AccountCreated(OfAccount, frozen=True):
    """An account came to be, under a claimed username."""

    username: str
    display_name: str = ""
    bio: str = ""


class AccountUpdated(OfAccount, frozen=True):
    """An account changed its profile; None leaves a field as it is."""

    display_name: str | None = None
    bio: str | None = None


class AccountSuspended(OfAccount, frozen=True):
    """An account may do nothing, and its tweets are shown to nobody, until it is reinstated."""


class AccountReinstated(OfAccount, frozen=True):
    """A suspension ended."""


class AccountVerified(OfAccount, frozen=True):
    """An account is who it says it is."""


class AccountDeleted(OfAccount, frozen=True):
    """An account ended: final, for ever. The projector ends all it did to others."""


class OfAuthor(Event, frozen=True):
    """Keyed by the author."""

    author_id: Id

    @property
    def key(self) -> int:
        return self.author_id


class TweetPosted(OfAuthor, frozen=True):
    """An author posted. A reply names what it answers, a retweet (which has no text of its own)
    what it repeats; both with its author. Version 1 knew no such authors, and no retweets."""

    VERSION: ClassVar[int] = 2

    tweet_id: Id
    text: str
    reply_to: Id | None = None
    reply_to_author: Id | None = None
    retweet_of: Id | None = None
    retweet_of_author: Id | None = None


class TweetDeleted(OfAuthor, frozen=True):
    """An author deleted a tweet: final, for ever. It names what the tweet answered or repeated."""

    VERSION: ClassVar[int] = 2

    tweet_id: Id
    reply_to: Id | None = None
    reply_to_author: Id | None = None
    retweet_of: Id | None = None
    retweet_of_author: Id | None = None


class AuthorPromoted(OfAuthor, frozen=True):
    """An author became a celebrity: skipped at write, merged at read. Derived by the projector."""

    followers_count: int


class AuthorDemoted(OfAuthor, frozen=True):
    """An author is no longer a celebrity. Derived by the projector."""

    followers_count: int


class OfTweet(OfAuthor, frozen=True):
    """What somebody did with a tweet; keyed by the tweet's author, and folded into the tweet's
    engagement instead of the author's audience."""

    tweet_id: Id


class TweetLiked(OfTweet, frozen=True):
    """An account likes a tweet."""

    user_id: Id


class TweetUnliked(OfTweet, frozen=True):
    """An account likes a tweet no longer. Also derived, when the account is deleted."""

    user_id: Id


class TweetRetweeted(OfTweet, frozen=True):
    """A retweet stands. Derived."""

    retweet_id: Id
    user_id: Id


class TweetUnretweeted(OfTweet, frozen=True):
    """A retweet is gone: final. Derived."""

    retweet_id: Id


class TweetReplied(OfTweet, frozen=True):
    """A reply stands. Derived."""

    reply_id: Id
    user_id: Id


class TweetUnreplied(OfTweet, frozen=True):
    """A reply is gone: final. Derived."""

    reply_id: Id


class OfFollowee(Event, frozen=True):
    """Keyed by the followee, whose audience changes."""

    follower_id: Id
    followee_id: Id

    @property
    def key(self) -> int:
        return self.followee_id


class UserFollowed(OfFollowee, frozen=True):
    """An account began to follow another. Keyed by the followee, whose audience grows."""


class UserUnfollowed(OfFollowee, frozen=True):
    """An account ceased to follow another. Keyed by the followee, whose audience shrinks."""


class FollowBarred(OfFollowee, frozen=True):
    """The followee blocked the follower: a follow ends, and is refused from now on. Derived.
    `cause`: the stamp of the block, in the follower's partition; a higher one is a later word."""

    cause: int


class FollowUnbarred(OfFollowee, frozen=True):
    """The followee blocks the follower no longer. Derived. `cause`: as of `FollowBarred`."""

    cause: int


class OfBlocked(Event, frozen=True):
    """Keyed by the blocked, whose audience the blocker leaves."""

    blocker_id: Id
    blocked_id: Id

    @property
    def key(self) -> int:
        return self.blocked_id


class UserBlocked(OfBlocked, frozen=True):
    """An account blocked another: each is hidden from the other, and no follow stands."""


class UserUnblocked(OfBlocked, frozen=True):
    """A block ended. The follows that it ended stay so."""


class OfMuted(Event, frozen=True):
    """Keyed by the muted."""

    muter_id: Id
    muted_id: Id

    @property
    def key(self) -> int:
        return self.muted_id


class UserMuted(OfMuted, frozen=True):
    """An account wants no tweets of another in its home timeline."""


class UserUnmuted(OfMuted, frozen=True):
    """A mute ended."""


EVENTS: Final[dict[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        AccountCreated,
        AccountUpdated,
        AccountSuspended,
        AccountReinstated,
        AccountVerified,
        AccountDeleted,
        TweetPosted,
        TweetDeleted,
        AuthorPromoted,
        AuthorDemoted,
        TweetLiked,
        TweetUnliked,
        TweetRetweeted,
        TweetUnretweeted,
        TweetReplied,
        TweetUnreplied,
        UserFollowed,
        UserUnfollowed,
        FollowBarred,
        FollowUnbarred,
        UserBlocked,
        UserUnblocked,
        UserMuted,
        UserUnmuted,
    )
}
