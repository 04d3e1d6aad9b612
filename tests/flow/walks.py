"""Walks along cursors, compared with the oracle page by page.

Each function answers with what is wrong, in words; [] if nothing is. The first fault of a walk ends
it: what would follow is its echo.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.flow.client import Client
from tests.oracle.oracle import Oracle, Posted

_AT_ONCE: Final = 8
_FAULTS_MAX: Final = 20
_TURNING_MAX: Final = 50
"""Walks by pages up to this turn about on their way, too; the many others go straight, since their
few pages would be asked for twice."""

Line = tuple[str, str, str]  # tweet, author, text


async def all_faults(checks: Iterable[Awaitable[list[str]]]) -> list[str]:
    """What all the checks found; not more of it than one can read."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def bounded(check: Awaitable[list[str]]) -> list[str]:
        async with turn:
            return await check

    found = await asyncio.gather(*(bounded(check) for check in checks))
    return [fault for faults in found for fault in faults][:_FAULTS_MAX]


async def home_faults(
    client: Client, oracle: Oracle, viewer: int, limit: int, *, back: bool = True
) -> list[str]:
    """The viewer's whole home timeline, from the newest to the oldest and back."""
    lines = _lines(oracle.timeline(viewer))
    return await _Walk(client, "/api/v1/timeline", viewer, limit, lines, back).faults()


async def tweets_faults(client: Client, oracle: Oracle, author: int, limit: int) -> list[str]:
    """The same of an account's own tweets."""
    path = f"/api/v1/users/{author}/tweets"
    return await _Walk(client, path, None, limit, _lines(oracle.tweets_of(author))).faults()


async def profile_faults(client: Client, oracle: Oracle, user: int) -> list[str]:
    """The name and the counts of an account."""
    shown = await client.get(f"/api/v1/users/{user}")
    expected = {
        "user_id": str(user),
        "username": oracle.usernames[user],
        "followers_count": len(oracle.followers(user)),
        "following_count": len(oracle.following(user)),
        "tweets_count": len(oracle.tweets_of(user)),
    }
    return [
        f"account {user}: {name} is {shown[name]!r} instead of {value!r}"
        for name, value in expected.items()
        if shown[name] != value
    ]


async def graph_faults(client: Client, oracle: Oracle, user: int, limit: int) -> list[str]:
    """Who follows an account and whom it follows, page by page."""
    faults = []
    for name, expected in (
        ("followers", oracle.followers(user)),
        ("following", oracle.following(user)),
    ):
        shown = await accounts_listed(client, f"/api/v1/users/{user}/{name}", limit)
        if shown != expected:
            faults.append(f"{name} of {user}: {_difference(expected, shown)}")
    return faults


async def accounts_listed(client: Client, path: str, limit: int) -> list[int]:
    """The ids of a whole list of accounts."""
    listed: list[int] = []
    cursor = None
    while True:
        page = await client.get(path, limit=limit, cursor=cursor)
        listed += [int(user["user_id"]) for user in page["users"]]
        cursor = page["next_cursor"]
        if cursor is None or not page["users"]:
            return listed


class _WrongPageError(Exception):
    """A page that differs from the oracle's."""


@dataclass(frozen=True)
class _Walk:
    """There and back along a list of tweets that must read as `expected`."""

    client: Client
    path: str
    viewer: int | None
    limit: int
    expected: Sequence[Line]
    back: bool = True

    @property
    def turning(self) -> bool:
        return self.limit <= _TURNING_MAX

    async def faults(self) -> list[str]:
        try:
            oldest = await self._older()
            if self.back:
                await self._newer(*oldest)
        except _WrongPageError as error:
            return [f"{self.path} of {self.viewer} by {self.limit}: {error}"]
        return []

    async def _older(self) -> tuple[Any, int]:
        """To the oldest tweet: the last page, and where in the list it begins."""
        page, at = await self._page(None, 0, "older"), 0
        while at + self.limit < len(self.expected):
            if page["next_cursor"] is None:
                raise _WrongPageError(f"ends after {at + self.limit} of {len(self.expected)}")
            at += self.limit
            page = await self._page(page["next_cursor"], at, "older")
            if at == self.limit and self.turning:
                await self._page(page["prev_cursor"], 0, "one step back of older")
        if page["next_cursor"] is not None:
            raise _WrongPageError("goes on behind the oldest tweet")
        return page, at

    async def _newer(self, page: Any, at: int) -> None:
        """From the page that begins at `at` up to the newest tweet, and a look above it."""
        turned = not self.turning
        while at > 0:
            below, at = at, max(at - self.limit, 0)
            page = await self._page(page["prev_cursor"], at, "newer", end=below)
            if not turned:
                await self._page(page["next_cursor"], below, "one step back of newer")
                turned = True
        if self.expected and self.turning:
            above = await self._page(page["prev_cursor"], 0, "newest", end=0)
            await self._page(above["next_cursor"], 0, "down from above the newest")

    async def _page(self, cursor: str | None, at: int, way: str, end: int | None = None) -> Any:
        page = await self.client.get(self.path, self.viewer, limit=self.limit, cursor=cursor)
        shown = [(each["tweet_id"], each["user_id"], each["text"]) for each in page["tweets"]]
        expected = self.expected[at : at + self.limit if end is None else end]
        if shown != list(expected):
            raise _WrongPageError(f"{way}, from {at} on: {_difference(expected, shown)}")
        return page


def _lines(posts: Sequence[Posted]) -> list[Line]:
    return [(str(post.tweet), str(post.author), post.text) for post in posts]


def _difference(expected: Sequence[object], shown: Sequence[object]) -> str:
    missing = [each for each in expected if each not in shown]
    extra = [each for each in shown if each not in expected]
    order = "" if missing or extra else ", in another order or doubled"
    return (
        f"{len(shown)} instead of {len(expected)}{order}; missing {missing[:3]}, extra {extra[:3]}"
    )
