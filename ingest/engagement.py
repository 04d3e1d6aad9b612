"""Commands on others' tweets: likes and retweets.

An act is appended also where it seems to stand already: the views may not yet know of its end. The
answer has the count as it is once the act is folded, where that is soon.
"""

from contextlib import suppress
from typing import Final

from pydantic import BaseModel

from foldline.core.events import Event, TweetDeleted, TweetLiked, TweetPosted, TweetUnliked
from foldline.core.position import Position
from foldline.errors import UnavailableError
from foldline.views.port import Counts, Tweet
from foldline.web.call import Answer, Call
from ingest.commands import Commands, Seen
from ingest.repeated import ActIn, agree
from ingest.targets import tweet_open_to, tweet_shown

_NO_COUNTS: Final = Counts(likes=0, retweets=0, replies=0)


class LikesOut(BaseModel):
    """How many like a tweet; null where the views do not know in time."""

    tweet_id: str
    likes_count: int | None


class RetweetsOut(BaseModel):
    """How many retweet a tweet; null where the views do not know in time."""

    tweet_id: str
    retweets_count: int | None


async def like(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """Like a tweet; of a retweet, its original."""
    caller_id = await _caller(commands, call)
    tweet = await tweet_open_to(commands, caller_id, call.id_in_path("tweet_id"))
    return await _liked(commands, tweet, TweetLiked(tweet.author_id, tweet.tweet_id, caller_id))


async def unlike(commands: Commands, call: Call[None, None]) -> Answer:
    """Like a tweet no longer: also one whose author is blocked by now, or blocks the caller."""
    caller_id = await _caller(commands, call)
    tweet = await tweet_shown(commands, call.id_in_path("tweet_id"))
    return await _liked(commands, tweet, TweetUnliked(tweet.author_id, tweet.tweet_id, caller_id))


async def retweet(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """Retweet a tweet; of a retweet, its original. While one stands, the fold passes over more."""
    caller_id = await _caller(commands, call)
    tweet = await tweet_open_to(commands, caller_id, call.id_in_path("tweet_id"))
    event = TweetPosted(
        caller_id,
        commands.new_id(),
        text="",
        retweet_of=tweet.tweet_id,
        retweet_of_author=tweet.author_id,
    )
    return await _retweeted(commands, tweet, await commands.append(event))


async def unretweet(commands: Commands, call: Call[None, None]) -> Answer:
    """Delete the caller's retweet of a tweet, as `unlike`. It is looked for once the views have all
    that the caller did before: else an older one might be found, or none."""
    caller_id = await _caller(commands, call)
    tweet = await tweet_shown(commands, call.id_in_path("tweet_id"))
    (newest,) = await commands.caught_up([commands.partition_of(caller_id)])
    known = await commands.views.retweets_among(caller_id, [tweet.tweet_id])
    retweet_id = known.get(tweet.tweet_id)
    if retweet_id is None:
        return await _retweeted(commands, tweet, newest)
    event = TweetDeleted(
        caller_id,
        retweet_id,
        retweet_of=tweet.tweet_id,
        retweet_of_author=tweet.author_id,
    )
    return await _retweeted(commands, tweet, await commands.append(event))


async def _caller(commands: Commands, call: Call[ActIn | None, None] | Call[None, None]) -> int:
    caller = await commands.caller(call)
    if call.body is not None:
        agree(call.body.user_id, caller.user_id)
    return caller.user_id


async def _liked(commands: Commands, tweet: Tweet, event: Event) -> Answer:
    seen = await commands.seen(await commands.append(event))
    counts = await _counts(commands, tweet, seen)
    likes = None if counts is None else counts.likes
    body = LikesOut(tweet_id=str(tweet.tweet_id), likes_count=likes)
    return Answer(body, positions=seen.positions, stale=counts is None)


async def _retweeted(commands: Commands, tweet: Tweet, position: Position) -> Answer:
    """The count stands in the partition of the tweet's author, which is told of the retweet."""
    seen = await commands.seen(position, derived_for=tweet.author_id)
    counts = await _counts(commands, tweet, seen)
    retweets = None if counts is None else counts.retweets
    body = RetweetsOut(tweet_id=str(tweet.tweet_id), retweets_count=retweets)
    return Answer(body, positions=seen.positions, stale=counts is None)


async def _counts(commands: Commands, tweet: Tweet, seen: Seen) -> Counts | None:
    """None where they are not known in time: the act stands all the same."""
    if not seen.fresh:
        return None
    with suppress(UnavailableError):
        return (await commands.views.counts([tweet.tweet_id])).get(tweet.tweet_id, _NO_COUNTS)
    return None
