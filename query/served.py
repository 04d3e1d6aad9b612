"""What is served of accounts, read whole: by the same skeleton and rules as pages are, but without
cursors and cards. It is what a verification compares.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final
from zlib import crc32

import numpy as np

from foldline.clock import Clock, SystemClock
from foldline.core.ids import NO_IDS, IntArray
from foldline.core.served import PARTS, Served
from foldline.core.span import Span
from foldline.errors import NotFoundError
from foldline.views.port import Account, ServedViews
from query.celebrities import Celebrities
from query.hydrate import bare_posts_of
from query.read_once import ReadOnce
from query.skeleton import Viewer, opened, skeleton

_CELEBRITIES_S: Final = 1.0
_PAGE: Final = 2_000
_BELOW_THE_FLOOR: Final = 100


def depth_of(cap: int) -> int:
    """Down to where lists are compared: past the floor of any timeline that a backfill filled."""
    return cap + _BELOW_THE_FLOOR


def readers(depth: int) -> "Callable[[ServedViews], ServedReader]":
    """Readers of whatever views, down to this depth."""
    return lambda views: ServedReader(views, SystemClock(), depth)


class ServedReader:
    """Reads accounts from a generation's views, down to `depth` tweets of each list of them."""

    def __init__(self, views: ServedViews, clock: Clock, depth: int) -> None:
        self._views: Any = ReadOnce(views)
        self._celebrities = Celebrities(views, clock, _CELEBRITIES_S)
        self._depth = depth
        self._newest = Span(limit=depth + depth // 4 + 1)

    async def expect(self, user_ids: Sequence[int]) -> None:
        """These will be asked for: what is cheaper to read of many at once is read now."""
        await self._views.expect(user_ids, self._newest)

    async def served(self, user_id: int, parts: Iterable[str] = PARTS) -> Served:
        """What is served of an account; of one that is not there or deleted, nothing is."""
        account = (await self._views.accounts([user_id])).get(user_id)
        if account is None or account.deleted:
            return Served()
        wanted = set(parts)
        reads: dict[frozenset[str], Callable[[Account], Awaitable[dict[str, Any]]]] = {
            frozenset({"profile", "counts"}): self._profile,
            frozenset({"home"}): self._home,
            frozenset({"tweets", "texts", "acts"}): self._tweets,
            frozenset({"followers"}): self._followers,
            frozenset({"following"}): self._following,
            frozenset({"blocks", "blocked_by", "mutes"}): self._restrictions,
            frozenset({"likes"}): self._likes,
        }
        found = await asyncio.gather(*(read(account) for of, read in reads.items() if of & wanted))
        told = {part: value for each in found for part, value in each.items()}
        return Served(**{part: value for part, value in told.items() if part in wanted})

    async def home(self, user_id: int) -> tuple[int, ...]:
        """The home timeline of an account that is there, newest first."""
        span = self._newest
        viewer, entries = await opened(self._views, self._celebrities, user_id, span)
        shown: list[int] = []
        while True:
            posts = await bare_posts_of(self._views, viewer.viewpoint, entries)
            shown += [post.tweet.tweet_id for post in posts]
            if len(shown) >= self._depth or entries.known_to is None:
                return tuple(shown[: self._depth])
            entries = await self._behind(viewer, replace(span, below=entries.known_to))

    async def shows(self, user_id: int, tweet_id: int) -> bool:
        """Whether a tweet is in a home timeline, at whatever depth."""
        here = Span(limit=1, above=tweet_id - 1, below=tweet_id + 1)
        try:
            viewer, entries = await opened(self._views, self._celebrities, user_id, here)
        except NotFoundError:
            return False
        return bool(await bare_posts_of(self._views, viewer.viewpoint, entries))

    async def _behind(self, viewer: Viewer, span: Span) -> Any:
        return await skeleton(self._views, viewer, span)

    async def _profile(self, account: Account) -> dict[str, Any]:
        named = account.username, account.display_name, account.bio
        return {
            "profile": (*named, account.verified, account.suspended),
            "counts": (account.followers_count, account.tweets_count),
        }

    async def _home(self, account: Account) -> dict[str, Any]:
        return {"home": await self.home(account.user_id)}

    async def _tweets(self, account: Account) -> dict[str, Any]:
        author = account.user_id
        pages = await self._views.tweets_of([author], self._newest)
        ids = pages[author][: self._depth].tolist()
        bodies, counts = await asyncio.gather(self._views.tweets(ids), self._views.counts(ids))
        return {
            "tweets": tuple(ids),
            "texts": tuple(crc32(bodies[t].text.encode()) if t in bodies else -1 for t in ids),
            "acts": tuple(
                (c.likes, c.retweets, c.replies) if (c := counts.get(t)) else (0, 0, 0) for t in ids
            ),
        }

    async def _followers(self, account: Account) -> dict[str, Any]:
        async def page(after: int) -> IntArray:
            found: IntArray = await self._views.followers(account.user_id, after, _PAGE)
            return found

        return {"followers": await _all(page)}

    async def _following(self, account: Account) -> dict[str, Any]:
        found: IntArray = await self._views.following(account.user_id)
        return {"following": tuple(found.tolist())}

    async def _restrictions(self, account: Account) -> dict[str, Any]:
        known = await self._views.restrictions(account.user_id)
        return {
            "blocks": tuple(known.blocks.tolist()),
            "blocked_by": tuple(known.blocked_by.tolist()),
            "mutes": tuple(known.mutes.tolist()),
        }

    async def _likes(self, account: Account) -> dict[str, Any]:
        async def page(after: int) -> IntArray:
            found = await self._views.likes_of(account.user_id, after, _PAGE)
            return np.array(sorted(found), dtype=np.int64)

        return {"likes": await _all(page)}


async def _all(page: Callable[[int], Awaitable[IntArray]]) -> tuple[int, ...]:
    """All ids of a list, page by page."""
    pages, last = [NO_IDS], 0
    while (found := await page(last)).size:
        pages.append(found)
        last = int(found[-1])
        if found.size < _PAGE:
            break
    return tuple(np.concatenate(pages).tolist())
