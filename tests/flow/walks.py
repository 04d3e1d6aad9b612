"""Walks along cursors, compared with the oracle page by page.

Each function answers with what is wrong, in words; [] if nothing is. The first fault of a walk ends
it: what would follow is its echo.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from tests.flow.client import Client
from tests.oracle.oracle import Entry, Oracle

_AT_ONCE: Final = 8
_FAULTS_MAX: Final = 20
_TURNING_MAX: Final = 50
"""Walks by pages up to this turn about on their way, too; the many others go straight, since their
few pages would be asked for twice."""

FIELDS: Final = (
    "tweet_id",
    "user_id",
    "username",
    "display_name",
    "verified",
    "text",
    "reply_to_tweet_id",
    "retweet_of",
    "likes_count",
    "retweets_count",
    "replies_count",
    "liked",
    "retweeted",
)
Line = tuple[object, ...]
"""A tweet as it is shown: the values of these fields."""


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
    lines = lines_of(oracle, oracle.timeline(viewer), viewer)
    return await Walk(client, "/api/v1/timeline", viewer, limit, lines, back).faults()


async def tweets_faults(
    client: Client, oracle: Oracle, author: int, limit: int, viewer: int | None = None
) -> list[str]:
    """The same of an account's own tweets."""
    path = f"/api/v1/users/{author}/tweets"
    lines = lines_of(oracle, oracle.tweets_of(author, viewer), viewer)
    return await Walk(client, path, viewer, limit, lines).faults()


async def replies_faults(
    client: Client, oracle: Oracle, tweet: int, limit: int, viewer: int | None = None
) -> list[str]:
    """The same of the replies to a tweet."""
    path = f"/api/v1/tweets/{tweet}/replies"
    lines = lines_of(oracle, oracle.replies(tweet, viewer), viewer)
    return await Walk(client, path, viewer, limit, lines).faults()


async def thread_faults(
    client: Client, oracle: Oracle, tweet: int, limit: int, viewer: int | None = None
) -> list[str]:
    """What stands above a tweet, on the first page; the tweet; and all replies, page by page."""
    path = f"/api/v1/tweets/{tweet}/thread"
    expected = lines_of(oracle, oracle.thread(tweet, viewer), viewer)
    above = len(oracle.ancestors(tweet, viewer)) + 1
    page = await client.get(path, viewer, limit=limit)
    shown, first = lines_in(page), len(page["tweets"])
    while page["next_cursor"] is not None:
        page = await client.get(path, viewer, limit=limit, cursor=page["next_cursor"])
        shown += lines_in(page)
        if not 0 < len(page["tweets"]) <= limit:
            return [f"{path} of {viewer}: a page of {len(page['tweets'])} by {limit}"]
    if shown != expected:
        return [f"{path} of {viewer} by {limit}: {difference(expected, shown)}"]
    if not above <= first <= above + limit:
        return [f"{path} of {viewer} by {limit}: {first} tweets at first, {above} stand above"]
    return []


class _WrongPageError(Exception):
    """A page that differs from the oracle's."""


@dataclass(frozen=True)
class Walk:
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
        shown = lines_in(page)
        expected = self.expected[at : at + self.limit if end is None else end]
        if shown != list(expected):
            raise _WrongPageError(f"{way}, from {at} on: {difference(expected, shown)}")
        return page


def lines_of(oracle: Oracle, entries: Iterable[Entry], viewer: int | None) -> list[Line]:
    """The entries as the viewer must be shown them."""
    lines: list[Line] = []
    for entry in entries:
        author = oracle.ledger.accounts[entry.author]
        engagement = oracle.engagement(entry.told, viewer)
        line: Line = (
            str(entry.tweet),
            str(entry.author),
            author.username,
            author.display_name,
            author.verified,
            entry.text,
            _written(entry.reply_to),
            _written(entry.retweet_of),
            *astuple(engagement),
        )
        lines.append(line)
    return lines


def lines_in(page: Any) -> list[Line]:
    """The tweets of a page as they are shown."""
    return [tuple(each[name] for name in FIELDS) for each in page["tweets"]]


def _written(tweet: int | None) -> str | None:
    return None if tweet is None else str(tweet)


def difference(expected: Sequence[object], shown: Sequence[object]) -> str:
    missing = [each for each in expected if each not in shown]
    extra = [each for each in shown if each not in expected]
    order = "" if missing or extra else ", in another order or doubled"
    return (
        f"{len(shown)} instead of {len(expected)}{order}; missing {missing[:3]}, extra {extra[:3]}"
    )
