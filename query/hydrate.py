"""From ids to what is shown: bodies, authors and figures, in one round of parallel reads.

Tweets, their authors as far as those are known, and the figures come together; only what is missing
then takes another round: the originals of retweets and their figures, and accounts.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Self

from foldline.views.port import Account, Counts, ServedViews, Tweet
from foldline.web.schemas import NO_COUNTS
from query.entries import Entries
from query.rules import Post, Viewpoint, visible


class Marks(NamedTuple):
    """What the viewer did with a tweet."""

    liked: bool = False
    retweeted: bool = False


class Shown(NamedTuple):
    """A tweet that may be shown, with its figures; of a retweet they are the original's."""

    post: Post
    counts: Counts
    liked: bool
    retweeted: bool

    @property
    def tweet_id(self) -> int:
        return self.post.tweet.tweet_id


class _Bodies(NamedTuple):
    """Live tweets, in the order that was asked for; originals and accounts by id."""

    tweets: list[Tweet]
    originals: dict[int, Tweet]
    accounts: dict[int, Account]

    @property
    def missing_originals(self) -> set[int]:
        return {tweet.retweet_of for tweet in self.tweets if tweet.retweet_of is not None}

    @property
    def missing_authors(self) -> set[int]:
        """The authors that are not there yet, also those of originals."""
        authors = {tweet.author_id for tweet in self.tweets}
        authors.update(t.retweet_of_author for t in self.tweets if t.retweet_of_author is not None)
        return authors - self.accounts.keys()

    @property
    def whole(self) -> bool:
        return not (self.missing_originals or self.missing_authors)

    def posts(self) -> list[Post]:
        """The tweets with all that goes with them; without those whose author is not known."""
        return [
            self._post(tweet, author)
            for tweet in self.tweets
            if (author := self.accounts.get(tweet.author_id)) is not None
        ]

    def _post(self, tweet: Tweet, author: Account) -> Post:
        if tweet.retweet_of is None:
            return Post(tweet, author)
        original = self.originals.get(tweet.retweet_of)
        if original is None:
            return Post(tweet, author)
        return Post(tweet, author, original, self.accounts.get(original.author_id))


class _Figures(NamedTuple):
    """Of tweets: their counts, and which of them the viewer likes and retweets."""

    counts: Mapping[int, Counts]
    liked: Collection[int]
    retweeted: Collection[int]

    def __or__(self, other: Self) -> Self:
        both = {*self.liked, *other.liked}, {*self.retweeted, *other.retweeted}
        return type(self)({**self.counts, **other.counts}, *both)

    def of(self, post: Post) -> Shown:
        tweet_id = post.shown.tweet_id
        counts = self.counts.get(tweet_id, NO_COUNTS)
        return Shown(post, counts, tweet_id in self.liked, tweet_id in self.retweeted)


async def hydrate(views: ServedViews, viewpoint: Viewpoint, entries: Entries) -> list[Shown]:
    """What of `entries` may be shown, in their order."""
    ids = entries.ids.tolist()
    bodies, figures = await asyncio.gather(
        _bodies(views, ids, entries.owners.tolist()), _figures(views, viewpoint, ids)
    )
    if not bodies.whole:
        originals = list(bodies.missing_originals)
        bodies, more = await asyncio.gather(
            _completed(views, bodies), _figures(views, viewpoint, originals)
        )
        figures |= more
    return [figures.of(post) for post in bodies.posts() if visible(viewpoint, post)]


async def posts_of(
    views: ServedViews, viewpoint: Viewpoint, entries: Entries
) -> list[tuple[Post, Counts]]:
    """The same without what the viewer did with them."""
    posts = await bare_posts_of(views, viewpoint, entries)
    counts = await views.counts([post.shown.tweet_id for post in posts])
    return [(post, counts.get(post.shown.tweet_id, NO_COUNTS)) for post in posts]


async def bare_posts_of(views: ServedViews, viewpoint: Viewpoint, entries: Entries) -> list[Post]:
    """The same without any figures."""
    bodies = await _bodies(views, entries.ids.tolist(), entries.owners.tolist())
    if not bodies.whole:
        bodies = await _completed(views, bodies)
    return [post for post in bodies.posts() if visible(viewpoint, post)]


async def find(
    views: ServedViews, viewpoint: Viewpoint, tweet_id: int, author_id: int | None = None
) -> Post | None:
    """One tweet without its figures; None if it is not shown."""
    bodies = await _bodies(views, [tweet_id], [] if author_id is None else [author_id])
    found = (await _completed(views, bodies)).posts()
    return found[0] if found and visible(viewpoint, found[0]) else None


async def with_figures(
    views: ServedViews, viewpoint: Viewpoint, posts: Collection[Post]
) -> list[Shown]:
    """Tweets that were found, in their order, with their figures."""
    figures = await _figures(views, viewpoint, [post.shown.tweet_id for post in posts])
    return [figures.of(post) for post in posts]


async def _bodies(views: ServedViews, ids: list[int], owners: Iterable[int]) -> _Bodies:
    found, accounts = await asyncio.gather(views.tweets(ids), _accounts(views, set(owners)))
    tweets = [tweet for each in ids if (tweet := found.get(each)) and not tweet.deleted]
    return _Bodies(tweets, {}, accounts)


async def _completed(views: ServedViews, bodies: _Bodies) -> _Bodies:
    """The bodies with what is missing of them."""
    found, more = await asyncio.gather(
        _tweets(views, bodies.missing_originals), _accounts(views, bodies.missing_authors)
    )
    return _Bodies(bodies.tweets, found, bodies.accounts | more)


async def _tweets(views: ServedViews, tweet_ids: set[int]) -> dict[int, Tweet]:
    return await views.tweets(list(tweet_ids)) if tweet_ids else {}


async def _accounts(views: ServedViews, user_ids: set[int]) -> dict[int, Account]:
    return await views.accounts(list(user_ids)) if user_ids else {}


async def _figures(views: ServedViews, viewpoint: Viewpoint, tweet_ids: list[int]) -> _Figures:
    if not tweet_ids:
        return _Figures({}, (), ())
    if viewpoint.user_id is None:
        return _Figures(await views.counts(tweet_ids), (), ())
    counts, liked, retweeted = await asyncio.gather(
        views.counts(tweet_ids),
        views.liked_among(viewpoint.user_id, tweet_ids),
        views.retweets_among(viewpoint.user_id, tweet_ids),
    )
    return _Figures(counts, frozenset(liked.tolist()), retweeted)
