"""What was acknowledged, one value for each command.

`sent` is how many commands had been acknowledged when this one was sent. Its place in the list says
when it was acknowledged itself, so the two tell which commands ran at once.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledged:
    """A command that was answered as done."""


@dataclass(frozen=True)
class OfAccount(Acknowledged):
    user: int


@dataclass(frozen=True)
class Joined(OfAccount):
    """`display_name`: the username where none was given."""

    username: str
    display_name: str = ""


@dataclass(frozen=True)
class Updated(OfAccount):
    """None leaves a field as it is."""

    display_name: str | None = None
    bio: str | None = None


@dataclass(frozen=True)
class Suspended(OfAccount):
    pass


@dataclass(frozen=True)
class Reinstated(OfAccount):
    pass


@dataclass(frozen=True)
class Verified(OfAccount):
    pass


@dataclass(frozen=True)
class AccountDeleted(OfAccount):
    pass


@dataclass(frozen=True)
class OfTweet(Acknowledged):
    pass


@dataclass(frozen=True)
class Posted(OfTweet):
    """A tweet, or a reply."""

    author: int
    tweet: int
    text: str
    reply_to: int | None = None
    sent: int = 0


@dataclass(frozen=True)
class Deleted(OfTweet):
    tweet: int


@dataclass(frozen=True)
class Liked(OfTweet):
    user: int
    tweet: int


@dataclass(frozen=True)
class Unliked(OfTweet):
    user: int
    tweet: int


@dataclass(frozen=True)
class Retweeted(OfTweet):
    user: int
    original: int
    sent: int = 0


@dataclass(frozen=True)
class Unretweeted(OfTweet):
    user: int
    original: int


@dataclass(frozen=True)
class OfPair(Acknowledged):
    """Who did it, and to whom."""

    one: int
    other: int

    @property
    def pair(self) -> tuple[int, int]:
        return self.one, self.other


@dataclass(frozen=True)
class Followed(OfPair):
    pass


@dataclass(frozen=True)
class Unfollowed(OfPair):
    pass


@dataclass(frozen=True)
class Blocked(OfPair):
    pass


@dataclass(frozen=True)
class Unblocked(OfPair):
    pass


@dataclass(frozen=True)
class Muted(OfPair):
    pass


@dataclass(frozen=True)
class Unmuted(OfPair):
    pass
