"""Commands on tweets.

An idempotency key is reserved with the tweet's id before the event is appended, and completed with
its position after. A repeat that finds the reservation complete appends nothing; one that does not
appends the same tweet again, which changes nothing when folded twice.
"""

import hashlib
from contextlib import suppress
from typing import Self

from pydantic import AliasChoices, Field, model_validator

from foldline.control.port import Reservation
from foldline.core.events import TweetDeleted, TweetPosted
from foldline.core.ids import time_ms
from foldline.core.position import Position
from foldline.errors import (
    ControlUnavailableError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
)
from foldline.views.port import Account, Tweet
from foldline.web.call import Answer, Call
from foldline.web.schemas import IdIn, Input, Text, tweet_out
from ingest.commands import Commands
from ingest.repeated import agree
from ingest.targets import original_of, tweet_known, tweet_open_to


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
    wanted, key = call.body, _key(call)
    author = await commands.caller(call)
    agree(wanted.user_id, author.user_id)
    reserved = Reservation(commands.new_id(), wanted.digest(), None)
    if key is not None:
        reserved = await _reserved(commands, author.user_id, key, reserved)
    tweet_id, position = reserved.tweet_id, reserved.position
    answered = await _answered(commands, author, wanted, again=position is not None)
    reply_to = None if answered is None else answered.tweet_id
    if position is None:
        reply_to_author = None if answered is None else answered.author_id
        event = TweetPosted(author.user_id, tweet_id, wanted.text, reply_to, reply_to_author)
        position = await commands.append(event, key)
        if key is not None:
            await _complete(commands, author.user_id, key, reserved, position)
    tweet = Tweet(
        tweet_id=tweet_id,
        author_id=author.user_id,
        text=wanted.text,
        created_at=time_ms(tweet_id),
        reply_to=reply_to,
        deleted=False,
    )
    return Answer(tweet_out(tweet, author), status=201, positions=[position])


async def delete_tweet(commands: Commands, call: Call[None, None]) -> Answer:
    """Delete one's own tweet; deleting it again changes nothing."""
    tweet_id = call.id_in_path("tweet_id")
    caller = await commands.caller(call)
    own = [commands.partition_of(caller.user_id)]
    tweet = await tweet_known(commands, tweet_id, own)
    if tweet.author_id != caller.user_id:
        raise ForbiddenError("only its author can delete a tweet")
    if tweet.deleted:
        return Answer(status=204, positions=[await commands.newest(caller.user_id)])
    event = TweetDeleted(
        tweet.author_id,
        tweet_id,
        reply_to=tweet.reply_to,
        reply_to_author=tweet.reply_to_author,
        retweet_of=tweet.retweet_of,
        retweet_of_author=tweet.retweet_of_author,
    )
    return Answer(status=204, positions=[await commands.append(event)])


async def _answered(
    commands: Commands, author: Account, wanted: TweetIn, *, again: bool
) -> Tweet | None:
    """What a reply answers: of a retweet, its original. `again`: the reply stands already, whatever
    became of that since."""
    if wanted.reply_to_tweet_id is None:
        return None
    if again:
        return await original_of(commands, wanted.reply_to_tweet_id)
    return await tweet_open_to(commands, author.user_id, wanted.reply_to_tweet_id)


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
