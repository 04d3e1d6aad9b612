"""From ids to what is shown: bodies and authors, and the rules that hide."""

from dataclasses import dataclass

from foldline.core.ids import IntArray
from foldline.views.port import Account, ServedViews, Tweet


@dataclass(frozen=True, slots=True)
class Shown:
    """A tweet that may be shown, with its author."""

    tweet: Tweet
    author: Account


async def hydrate(views: ServedViews, tweet_ids: IntArray) -> list[Shown]:
    """What of `tweet_ids` may be shown, in their order."""
    found = await views.tweets(tweet_ids.tolist())
    authors = await views.accounts(sorted({tweet.author_id for tweet in found.values()}))
    return [
        Shown(found[tweet_id], authors[found[tweet_id].author_id])
        for tweet_id in tweet_ids.tolist()
        if _visible(found.get(tweet_id), authors)
    ]


def _visible(tweet: Tweet | None, authors: dict[int, Account]) -> bool:
    return tweet is not None and not tweet.deleted and tweet.author_id in authors
