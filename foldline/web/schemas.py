"""Bodies of the API. Ids are strings of decimal digits, times RFC 3339 UTC with milliseconds."""

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from foldline.core.cursor import Cursor
from foldline.core.ids import MAX_ID
from foldline.core.span import Direction
from foldline.views.port import Account, Counts, Tweet
from foldline.web.call import parse_id

ID_SCHEMA: Final = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}
_CURSOR_SCHEMA: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{27}$"}
_DIRECTION_SCHEMA: Final = {"type": "string", "enum": ["older", "newer"]}
NO_COUNTS: Final = Counts(likes=0, retweets=0, replies=0)


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
IdIn = Annotated[int, BeforeValidator(_as_id), Field(ge=1, le=MAX_ID), WithJsonSchema(ID_SCHEMA)]
CursorIn = Annotated[Cursor, BeforeValidator(_as_cursor), WithJsonSchema(_CURSOR_SCHEMA)]
DirectionIn = Annotated[
    Direction, BeforeValidator(_as_direction), WithJsonSchema(_DIRECTION_SCHEMA)
]


class Input(BaseModel):
    """What a caller sends: nothing beyond the fields that are named."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )


class PageQuery(Input):
    """Which page of a list."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: CursorIn | None = Field(
        default=None, validation_alias=AliasChoices("cursor", "next_cursor")
    )


class TweetsQuery(PageQuery):
    """Which page of tweets, and which way from the cursor."""

    direction: DirectionIn | None = None


class TimelineQuery(TweetsQuery):
    """The same of the caller's home timeline; `user_id` may repeat who that is."""

    user_id: IdIn | None = None


class TweetOut(BaseModel):
    """A tweet with its author. A retweet has the text and the figures of what it repeats, by the id
    in `retweet_of`."""

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
    blocking: bool = False
    muting: bool = False


class UserOut(BaseModel):
    """An account, and the viewer's relationship to it where there is a viewer."""

    user_id: str
    username: str
    display_name: str
    bio: str
    verified: bool = False
    status: Literal["active", "suspended"] = "active"
    created_at: str
    tweets_count: int
    followers_count: int
    following_count: int
    relationship: RelationshipOut | None = None


class TweetPage(BaseModel):
    """A page of tweets, newest first. A thread's first page begins with what the tweet answers, the
    root first, and the tweet."""

    tweets: list[TweetOut]
    next_cursor: str | None
    prev_cursor: str | None


class UserPage(BaseModel):
    """A page of accounts."""

    users: list[UserOut]
    next_cursor: str | None


@lru_cache(maxsize=10_000)
def rfc3339(at_ms: int) -> str:
    """A moment in ms since 1970, as the API writes it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def tweet_body(
    tweet: Tweet,
    author: Account,
    original: Tweet | None = None,
    counts: Counts = NO_COUNTS,
    *,
    liked: bool = False,
    retweeted: bool = False,
) -> dict[str, Any]:
    """The fields of `TweetOut`. Plain, since a model for each tweet of a page would take longer
    than all else that is done for it."""
    return {
        "tweet_id": str(tweet.tweet_id),
        "user_id": str(tweet.author_id),
        "username": author.username,
        "display_name": author.display_name,
        "verified": author.verified,
        "text": (original or tweet).text,
        "created_at": rfc3339(tweet.created_at),
        "reply_to_tweet_id": None if tweet.reply_to is None else str(tweet.reply_to),
        "retweet_of": None if tweet.retweet_of is None else str(tweet.retweet_of),
        "likes_count": counts.likes,
        "retweets_count": counts.retweets,
        "replies_count": counts.replies,
        "liked": liked,
        "retweeted": retweeted,
    }


def user_body(
    account: Account, following_count: int, relationship: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The fields of `UserOut`."""
    return {
        "user_id": str(account.user_id),
        "username": account.username,
        "display_name": account.display_name,
        "bio": account.bio,
        "verified": account.verified,
        "status": "suspended" if account.suspended else "active",
        "created_at": rfc3339(account.created_at),
        "tweets_count": account.tweets_count,
        "followers_count": account.followers_count,
        "following_count": following_count,
        "relationship": relationship,
    }


def tweet_out(tweet: Tweet, author: Account) -> TweetOut:
    """A tweet that nobody has liked, retweeted or answered yet, as it is shown."""
    return TweetOut(**tweet_body(tweet, author))


def user_out(account: Account, following_count: int) -> UserOut:
    """An account as it is shown to itself."""
    return UserOut(**user_body(account, following_count))
