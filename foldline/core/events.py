"""What can happen. Every event is keyed by the account whose audience it concerns."""

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


class AccountCreated(Event, frozen=True):
    """An account came to be, under a claimed username."""

    account_id: Id
    username: str
    display_name: str = ""
    bio: str = ""

    @property
    def key(self) -> int:
        return self.account_id


class TweetPosted(Event, frozen=True):
    """An author posted. A reply names what it answers."""

    author_id: Id
    tweet_id: Id
    text: str
    reply_to: Id | None = None

    @property
    def key(self) -> int:
        return self.author_id


class TweetDeleted(Event, frozen=True):
    """An author deleted a tweet: final, for ever."""

    author_id: Id
    tweet_id: Id

    @property
    def key(self) -> int:
        return self.author_id


class UserFollowed(Event, frozen=True):
    """An account began to follow another. Keyed by the followee, whose audience grows."""

    follower_id: Id
    followee_id: Id

    @property
    def key(self) -> int:
        return self.followee_id


class UserUnfollowed(Event, frozen=True):
    """An account ceased to follow another. Keyed by the followee, whose audience shrinks."""

    follower_id: Id
    followee_id: Id

    @property
    def key(self) -> int:
        return self.followee_id


class AuthorPromoted(Event, frozen=True):
    """An author became a celebrity: skipped at write, merged at read. Derived by the projector."""

    author_id: Id
    followers_count: int

    @property
    def key(self) -> int:
        return self.author_id


class AuthorDemoted(Event, frozen=True):
    """An author is no longer a celebrity. Derived by the projector."""

    author_id: Id
    followers_count: int

    @property
    def key(self) -> int:
        return self.author_id


EVENTS: Final[dict[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        AccountCreated,
        TweetPosted,
        TweetDeleted,
        UserFollowed,
        UserUnfollowed,
        AuthorPromoted,
        AuthorDemoted,
    )
}
