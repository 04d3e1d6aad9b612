"""Commands on tweets.

An idempotency key is reserved with the tweet's id before the event is appended, and completed with
its position after. A repeat that finds the reservation complete appends nothing; one that does not
appends the same tweet again, which changes nothing when folded twice.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from pydantic import AliasChoices, Field, model_validator

from foldline.control.port import Reservation
from foldline.core.events import TweetDeleted, TweetPosted
from foldline.core.ids import partition_of, time_ms
from foldline.core.position import Position
from foldline.errors import (
    ControlUnavailableError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
    NotFoundError,
)
from foldline.views.port import Tweet
from foldline.web.call import Answer, Call
from foldline.web.schemas import IdIn, Input, Text, tweet_out
from ingest.commands import Commands


class TweetIn(Input):
    """A new tweet; `content` is another name of `text`."""

    text: Text = Field(
        min_length=1, max_length=280, validation_alias=AliasChoices("text", "content")
    )
    reply_to_tweet_id: IdIn | None = None
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=128)
    user_id: IdIn | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip():
            raise ValueError("text must not be blank")
        return self

    def digest(self) -> bytes:
        """What two bodies under one idempotency key must agree in."""
        return hashlib.sha256(f"{self.reply_to_tweet_id}\n{self.text}".encode()).digest()


async def post_tweet(commands: Commands, call: Call[TweetIn, None]) -> Answer:
    """Post a tweet, once for each idempotency key of the caller."""
    wanted = call.body
    if wanted.user_id not in (None, call.user):
        raise ForbiddenError("a tweet is posted in one's own name")
    author = await commands.caller(call)
    key = _key(call)
    if wanted.reply_to_tweet_id is not None:
        everywhere = range(commands.log.partitions)
        answered = await _existing(commands, wanted.reply_to_tweet_id, everywhere)
        if answered.deleted:
            raise NotFoundError(f"tweet {answered.tweet_id} is deleted")
    reserved = Reservation(commands.new_id(), wanted.digest(), None)
    if key is not None:
        reserved = await _reserved(commands, author.user_id, key, reserved)
    tweet_id, position = reserved.tweet_id, reserved.position
    if position is None:
        event = TweetPosted(author.user_id, tweet_id, wanted.text, wanted.reply_to_tweet_id)
        position = await commands.append(event, key)
        if key is not None:
            await _complete(commands, author.user_id, key, reserved, position)
    tweet = Tweet(
        tweet_id=tweet_id,
        author_id=author.user_id,
        text=wanted.text,
        created_at=time_ms(tweet_id),
        reply_to=wanted.reply_to_tweet_id,
        deleted=False,
    )
    return Answer(tweet_out(tweet, author), status=201, positions=[position])


async def delete_tweet(commands: Commands, call: Call[None, None]) -> Answer:
    """Delete one's own tweet; deleting it again changes nothing."""
    tweet_id = call.id_in_path("tweet_id")
    caller = await commands.caller(call)
    partition = partition_of(caller.user_id, commands.log.partitions)
    tweet = await _existing(commands, tweet_id, [partition])
    if tweet.author_id != caller.user_id:
        raise ForbiddenError("only its author can delete a tweet")
    if tweet.deleted:
        next_offset = (await commands.watch.progress()).get(partition, 1)
        return Answer(status=204, positions=[Position(partition, next_offset - 1)])
    position = await commands.append(TweetDeleted(tweet.author_id, tweet_id))
    return Answer(status=204, positions=[position])


def _key(call: Call[TweetIn, None]) -> str | None:
    keys = {key for key in (call.idempotency_key, call.body.idempotency_key) if key is not None}
    if len(keys) > 1:
        raise InvalidError("the idempotency keys of the header and of the body differ")
    return next(iter(keys), None)


async def _reserved(commands: Commands, user_id: int, key: str, wanted: Reservation) -> Reservation:
    """What the key stands for: what is wanted, or the same tweet under an earlier id."""
    ttl_s = commands.settings.idempotency_ttl_s
    own = (wanted.tweet_id, wanted.body_hash)
    standing = await commands.control.reserve(user_id, key, *own, ttl_s)
    if standing.body_hash != wanted.body_hash:
        raise KeyReusedError("this idempotency key was used for another tweet")
    return standing


async def _complete(
    commands: Commands, user_id: int, key: str, reserved: Reservation, position: Position
) -> None:
    """Spare later repeats an append. The tweet stands, so a failure here is no failure of it."""
    with suppress(ControlUnavailableError):
        ttl_s = commands.settings.idempotency_ttl_s
        await commands.control.complete(user_id, key, reserved, position, ttl_s)


async def _existing(commands: Commands, tweet_id: int, partitions: Iterable[int]) -> Tweet:
    async def find() -> Tweet | None:
        return (await commands.views.tweets([tweet_id])).get(tweet_id)

    found = await commands.look(find, partitions)
    if found is None:
        raise NotFoundError(f"there is no tweet {tweet_id}")
    return found
