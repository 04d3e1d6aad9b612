"""What a command concerns, and whether the caller may concern itself with it."""

import asyncio
from collections.abc import Iterable

from foldline.core.id_sets import has
from foldline.core.ids import IntArray
from foldline.errors import ForbiddenError, NotFoundError
from foldline.views.port import Tweet
from foldline.web.schemas import RelationshipOut
from ingest.commands import Commands


async def tweet_known(commands: Commands, tweet_id: int, partitions: Iterable[int]) -> Tweet:
    """The tweet, deleted or not; NotFoundError if there is none in `partitions`."""

    async def find() -> Tweet | None:
        return (await commands.views.tweets([tweet_id])).get(tweet_id)

    found = await commands.look(find, partitions)
    if found is None:
        raise NotFoundError(f"there is no tweet {tweet_id}")
    return found


async def original_of(commands: Commands, tweet_id: int) -> Tweet:
    """The tweet that an act on this one is of: of a retweet, its original. Deleted or not."""
    return (await _both(commands, tweet_id))[-1]


async def tweet_shown(commands: Commands, tweet_id: int) -> Tweet:
    """The same; NotFoundError if it, or its retweet, is shown to nobody."""
    return (await _both_shown(commands, tweet_id))[-1]


async def tweet_open_to(commands: Commands, caller_id: int, tweet_id: int) -> Tweet:
    """The same; ForbiddenError if a block lies between the caller and the author of either."""
    tweets = await _both_shown(commands, tweet_id)
    await no_block_between(commands, caller_id, [tweet.author_id for tweet in tweets])
    return tweets[-1]


async def _both_shown(commands: Commands, tweet_id: int) -> list[Tweet]:
    tweets = await _both(commands, tweet_id)
    for tweet in tweets:
        author = await commands.standing.of(tweet.author_id)
        if tweet.deleted or author is None or not author.visible:
            raise NotFoundError(f"there is no tweet {tweet_id}")
    return tweets


async def _both(commands: Commands, tweet_id: int) -> list[Tweet]:
    """The tweet, and of a retweet its original behind it."""
    everywhere = range(commands.log.partitions)
    found = await tweet_known(commands, tweet_id, everywhere)
    if found.retweet_of is None:
        return [found]
    return [found, await tweet_known(commands, found.retweet_of, everywhere)]


async def no_block_between(commands: Commands, caller_id: int, others: Iterable[int]) -> None:
    """ForbiddenError if the caller blocks one of `others`, or one of them the caller."""
    known = await commands.views.restrictions(caller_id)
    if any(has(known.blocks, other) or has(known.blocked_by, other) for other in others):
        raise ForbiddenError("one of the two accounts blocks the other")


async def relationship(commands: Commands, caller_id: int, other_id: int) -> RelationshipOut:
    """How the caller stands to another account, as the views have it."""
    views = commands.views
    following, followed_by, known = await asyncio.gather(
        views.following_among([caller_id], other_id),
        views.following_among([other_id], caller_id),
        views.restrictions(caller_id),
    )
    return RelationshipOut(
        user_id=str(other_id),
        following=_any(following),
        followed_by=_any(followed_by),
        blocking=has(known.blocks, other_id),
        muting=has(known.mutes, other_id),
    )


def _any(ids: IntArray) -> bool:
    return ids.size > 0
