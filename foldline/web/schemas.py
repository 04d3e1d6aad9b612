"""Bodies of the API. Ids are strings of decimal digits, times RFC 3339 UTC with milliseconds."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from foldline.core.cursor import Cursor
from foldline.core.ids import MAX_ID
from foldline.core.span import Direction
from foldline.views.port import Account, Tweet
from foldline.web.call import parse_id


def _as_id(value: object) -> int:
    found = parse_id(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be an id: a string of decimal digits")
    return found


def _as_cursor(value: object) -> Cursor:
    try:
        return Cursor.parse(str(value))
    except ValueError:
        raise ValueError("not a cursor that this service gave") from None


def _as_direction(value: object) -> Direction:
    if value not in ("older", "newer"):
        raise ValueError("must be older or newer")
    return Direction[str(value).upper()]


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if "\0" in value:
        raise ValueError("must not contain the character U+0000")
    return unicodedata.normalize("NFC", value)


Text = Annotated[str, BeforeValidator(_as_text)]
IdIn = Annotated[int, BeforeValidator(_as_id), Field(ge=1, le=MAX_ID)]
CursorIn = Annotated[Cursor, BeforeValidator(_as_cursor)]


class Input(BaseModel):
    """What a caller sends: nothing beyond the fields that are named."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class PageQuery(Input):
    """Which page of a list."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: CursorIn | None = Field(
        default=None, validation_alias=AliasChoices("cursor", "next_cursor")
    )


class TweetsQuery(PageQuery):
    """Which page of tweets, and which way from the cursor."""

    direction: Annotated[Direction, BeforeValidator(_as_direction)] | None = None


class TimelineQuery(TweetsQuery):
    """The same of the caller's home timeline; `user_id` may repeat who that is."""

    user_id: IdIn | None = None


class TweetOut(BaseModel):
    """A tweet with its author."""

    tweet_id: str
    user_id: str
    username: str
    display_name: str
    verified: bool = False
    text: str
    created_at: str
    reply_to_tweet_id: str | None
    retweet_of: str | None = None
    likes_count: int = 0
    retweets_count: int = 0
    replies_count: int = 0
    liked: bool = False
    retweeted: bool = False


class RelationshipOut(BaseModel):
    """How the viewer stands to an account."""

    user_id: str
    following: bool
    followed_by: bool


class UserOut(BaseModel):
    """An account, and the viewer's relationship to it where there is a viewer."""

    user_id: str
    username: str
    display_name: str
    bio: str
    verified: bool = False
    status: str = "active"
    created_at: str
    tweets_count: int
    followers_count: int
    following_count: int
    relationship: RelationshipOut | None = None


class TweetPage(BaseModel):
    """A page of tweets, newest first."""

    tweets: list[TweetOut]
    next_cursor: str | None
    prev_cursor: str | None


class UserPage(BaseModel):
    """A page of accounts."""

    users: list[UserOut]
    next_cursor: str | None


def rfc3339(at_ms: int) -> str:
    """A moment in ms since 1970, as the API writes it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tweet_out(tweet: Tweet, author: Account) -> TweetOut:
    """A tweet as it is shown."""
    return TweetOut(
        tweet_id=str(tweet.tweet_id),
        user_id=str(tweet.author_id),
        username=author.username,
        display_name=author.display_name,
        text=tweet.text,
        created_at=rfc3339(tweet.created_at),
        reply_to_tweet_id=None if tweet.reply_to is None else str(tweet.reply_to),
    )


def user_out(
    account: Account, following_count: int, relationship: RelationshipOut | None = None
) -> UserOut:
    """An account as it is shown."""
    return UserOut(
        user_id=str(account.user_id),
        username=account.username,
        display_name=account.display_name,
        bio=account.bio,
        created_at=rfc3339(account.created_at),
        tweets_count=account.tweets_count,
        followers_count=account.followers_count,
        following_count=following_count,
        relationship=relationship,
    )
