"""Views for who looks at many accounts one after another: what several of them need is read once,
and what is cheaper to ask for of many at once, at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from foldline.core.ids import IntArray
from foldline.core.span import Span
from foldline.views.port import Account, Restrictions, ServedViews, Tweet, ViewerRows


class ReadOnce:
    """`ServedViews` that reads each tweet and each account once; the rest as it is, but for what
    was expected. Not to be used for longer than what it knows may be old."""

    def __init__(self, views: ServedViews) -> None:
        self._views = views
        self._tweets: dict[int, Tweet | None] = {}
        self._accounts: dict[int, Account | None] = {}
        self._viewers: dict[int, ViewerRows] = {}
        self._span: Span | None = None
        self._pages: dict[int, IntArray] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)

    async def expect(self, user_ids: Sequence[int], span: Span) -> None:
        """The home timelines of these will be read, in this span."""
        self._span = span
        self._viewers, self._pages, _ = await asyncio.gather(
            self._views.viewers(user_ids),
            self._views.tweets_of(user_ids, span),
            self.accounts(user_ids),
        )

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        """As `ServedViews.tweets`."""
        return await _remembered(self._tweets, tweet_ids, self._views.tweets)

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        """As `ServedViews.accounts`."""
        return await _remembered(self._accounts, user_ids, self._views.accounts)

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        """As `ServedViews.tweets_of`."""
        known = self._pages if span == self._span else {}
        missing = [author for author in author_ids if author not in known]
        found = await self._views.tweets_of(missing, span) if missing else {}
        return {a: found[a] if a in found else known[a] for a in author_ids}

    async def following(self, user_id: int) -> IntArray:
        """As `ServedViews.following`."""
        known = self._viewers.get(user_id)
        return known.following if known else await self._views.following(user_id)

    async def restrictions(self, user_id: int) -> Restrictions:
        """As `ServedViews.restrictions`."""
        known = self._viewers.get(user_id)
        return known.restrictions if known else await self._views.restrictions(user_id)

    async def floor(self, user_id: int) -> int:
        """As `ServedViews.floor`, but as it was before the entries: they may be trimmed since."""
        known = self._viewers.get(user_id)
        return known.floor if known else await self._views.floor(user_id)


async def _remembered(
    known: dict[int, Any],
    ids: Sequence[int],
    read: Callable[[list[int]], Awaitable[dict[int, Any]]],
) -> dict[int, Any]:
    missing = [each for each in ids if each not in known]
    if missing:
        found = await read(missing)
        known.update({each: found.get(each) for each in missing})
    return {each: body for each in ids if (body := known[each]) is not None}
