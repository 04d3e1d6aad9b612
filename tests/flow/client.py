"""A client of the HTTP API that keeps the list of what was acknowledged to it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from tests.oracle import commands as ac
from tests.oracle.oracle import Oracle

_PATIENCE_S: Final = 90.0  # of a command or a read, over all its repeats
_PAUSE_S: Final = 0.05
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_AGAIN: Final = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
_ADMIN: Final = 1  # who gives orders

Ends = Callable[[], Awaitable[Sequence[int]]]
Name = Callable[[int, str], Mapping[str, str]]
"""The headers that say who asks, and in which role."""


def trusted(user: int, role: str) -> Mapping[str, str]:
    """As a gateway in front says it."""
    named = {"X-User-ID": str(user)}
    return named if role == "user" else named | {"X-User-Role": role}


class UnexpectedAnswerError(Exception):
    """The service answered something that this client did not ask for."""


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers and the parsed body."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class Client:
    """`acknowledged` is what the oracle may know; `positions` the newest per partition; `places`
    where in the log each tweet is (partition, offset). `ends`: of the log, which holds more than
    what was acknowledged, where one thing follows from another.

    What is unknown or unavailable (503, 504, a cut connection) is repeated until it is answered, a
    post under the same idempotency key. Commands that depend on each other must be awaited in turn.
    """

    session: aiohttp.ClientSession
    ingest: str
    query: str
    admin: str = ""
    ends: Ends | None = None
    name: Name = trusted
    acknowledged: list[ac.Acknowledged] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    repeats: int = 0

    async def join(self, username: str, **more: str) -> int:
        """A new account; its id."""
        body = {"username": username, **more}
        reply = await self._command("POST", "/api/v1/users", None, 201, json=body)
        user, shown = int(reply.body["user_id"]), more.get("display_name", "")
        self.acknowledged.append(ac.Joined(user, username, shown))
        return user

    async def update(self, user: int, **fields: str) -> None:
        await self._command("PATCH", f"/api/v1/users/{user}", user, 200, json=fields)
        self.acknowledged.append(ac.Updated(user, **fields))

    async def close(self, user: int) -> None:
        """The account ends."""
        await self._command("DELETE", f"/api/v1/users/{user}", user, 204)
        self.acknowledged.append(ac.AccountDeleted(user))

    async def suspend(self, user: int) -> None:
        await self._order("suspend", user)
        self.acknowledged.append(ac.Suspended(user))

    async def reinstate(self, user: int) -> None:
        await self._order("reinstate", user)
        self.acknowledged.append(ac.Reinstated(user))

    async def verify(self, user: int) -> None:
        await self._order("verify", user)
        self.acknowledged.append(ac.Verified(user))

    async def post(self, author: int, text: str, reply_to: int | None = None) -> int:
        """A new tweet; its id."""
        sent = len(self.acknowledged)
        body = {"text": text, "idempotency_key": uuid.uuid4().hex}
        if reply_to is not None:
            body["reply_to_tweet_id"] = str(reply_to)
        reply = await self._command("POST", "/api/v1/tweets", author, 201, json=body)
        tweet = int(reply.body["tweet_id"])
        partition, offset = map(int, reply.headers["Foldline-Position"].split("-"))
        self.places[tweet] = partition, offset
        self.acknowledged.append(ac.Posted(author, tweet, text, reply_to, sent))
        return tweet

    async def delete(self, author: int, tweet: int) -> None:
        await self._command("DELETE", f"/api/v1/tweets/{tweet}", author, 204)
        self.acknowledged.append(ac.Deleted(tweet))

    async def like(self, user: int, tweet: int) -> None:
        await self._command("POST", f"/api/v1/tweets/{tweet}/like", user, 200)
        self.acknowledged.append(ac.Liked(user, tweet))

    async def unlike(self, user: int, tweet: int) -> None:
        await self._command("DELETE", f"/api/v1/tweets/{tweet}/like", user, 200)
        self.acknowledged.append(ac.Unliked(user, tweet))

    async def retweet(self, user: int, tweet: int) -> None:
        sent = len(self.acknowledged)
        await self._command("POST", f"/api/v1/tweets/{tweet}/retweet", user, 200)
        self.acknowledged.append(ac.Retweeted(user, tweet, sent))

    async def unretweet(self, user: int, tweet: int) -> None:
        await self._command("DELETE", f"/api/v1/tweets/{tweet}/retweet", user, 200)
        self.acknowledged.append(ac.Unretweeted(user, tweet))

    async def follow(self, follower: int, followee: int) -> None:
        await self._pair("POST", "follow", ac.Followed(follower, followee), 201)

    async def unfollow(self, follower: int, followee: int) -> None:
        await self._pair("DELETE", "follow", ac.Unfollowed(follower, followee), 204)

    async def block(self, user: int, other: int) -> None:
        await self._pair("POST", "block", ac.Blocked(user, other), 200)

    async def unblock(self, user: int, other: int) -> None:
        await self._pair("DELETE", "block", ac.Unblocked(user, other), 204)

    async def mute(self, user: int, other: int) -> None:
        await self._pair("POST", "mute", ac.Muted(user, other), 200)

    async def unmute(self, user: int, other: int) -> None:
        await self._pair("DELETE", "mute", ac.Unmuted(user, other), 204)

    async def refused(
        self, status: int, method: str, path: str, caller: int | None, **more: Any
    ) -> None:
        """A command that must be refused, and so is not among what was acknowledged."""
        reply = await self._steadily(method, self.ingest + path, caller, **more)
        if reply.status != status:
            raise UnexpectedAnswerError(
                f"{method} {path} by {caller}: {reply.status} instead of {status}, {reply.body}"
            )

    async def read(self, path: str, viewer: int | None = None, **query: object) -> Reply:
        """The answer to a read, whatever it is."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return await self._steadily("GET", self.query + path, viewer, params=asked)

    async def get(self, path: str, viewer: int | None = None, **query: object) -> Any:
        """The body of a read that must succeed."""
        reply = await self.read(path, viewer, **query)
        if reply.status != HTTPStatus.OK:
            raise UnexpectedAnswerError(f"GET {path} {query}: {reply.status} {reply.body}")
        return reply.body

    async def folded(self) -> None:
        """Wait until everything that was acknowledged is in the views, and what follows from it:
        that is in the log before progress passes its cause."""
        await self._passed()
        while self.ends is not None:
            known = dict(self.positions)
            for partition, end in enumerate(await self.ends()):
                if end:
                    self.positions[partition] = max(end - 1, known.get(partition, 0))
            if self.positions == known:
                break
            await self._passed()

    async def _passed(self) -> None:
        """Wait until progress has passed all positions that are known."""
        after = {"Foldline-After": ", ".join(f"{p}-{o}" for p, o in self.positions.items())}
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            reply = await self._steadily("GET", f"{self.query}/api/v1/users", None, headers=after)
            if reply.status != HTTPStatus.OK:
                raise UnexpectedAnswerError(f"reading after {after}: {reply.status} {reply.body}")
            if "Foldline-Stale" not in reply.headers:
                return
            if time.monotonic() > deadline:
                raise UnexpectedAnswerError(f"still not folded after {_PATIENCE_S:g} s: {after}")

    def saw(self, reply: Reply) -> None:
        """Wait in `folded` also for what this answer to a command tells."""
        for position in reply.headers["Foldline-Position"].split(","):
            partition, offset = map(int, position.split("-"))
            self.positions[partition] = max(offset, self.positions.get(partition, 0))

    def oracle(self) -> Oracle:
        """What follows from everything acknowledged so far."""
        return Oracle(self.acknowledged)

    async def ask(self, method: str, url: str, viewer: int | None = None, **more: Any) -> Reply:
        """One request, whatever its answer."""
        headers = dict(more.pop("headers", {}))
        if viewer is not None:
            headers |= self.name(viewer, more.pop("role", "user"))
        async with self.session.request(method, url, headers=headers, **more) as response:
            raw = await response.read()
            body = await response.json() if "json" in response.content_type else raw.decode()
            return Reply(response.status, response.headers, body)

    async def _command(
        self, method: str, path: str, caller: int | None, status: int, **more: Any
    ) -> Reply:
        base = more.pop("base", self.ingest)
        reply = await self._steadily(method, base + path, caller, **more)
        if reply.status != status:
            raise UnexpectedAnswerError(f"{method} {path} by {caller}: {reply.status} {reply.body}")
        self.saw(reply)
        return reply

    async def _pair(self, method: str, what: str, done: ac.OfPair, status: int) -> None:
        path = f"/api/v1/users/{done.other}/{what}"
        reply = await self._command(method, path, done.one, status)
        if "Foldline-Stale" in reply.headers:
            await self.folded()  # else the next command might be judged by what stood before
        self.acknowledged.append(done)

    async def _order(self, what: str, user: int) -> None:
        path = f"/admin/v1/users/{user}/{what}"
        await self._command("POST", path, _ADMIN, 200, base=self.admin, role="admin")

    async def _steadily(self, method: str, url: str, viewer: int | None, **more: Any) -> Reply:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                reply = await self.ask(method, url, viewer, **more)
            except (aiohttp.ClientError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
            else:
                if reply.status not in _AGAIN or time.monotonic() > deadline:
                    return reply
            self.repeats += 1
            await asyncio.sleep(_PAUSE_S)


@asynccontextmanager
async def client_of(
    ingest: str,
    query: str | None = None,
    admin: str = "",
    ends: Ends | None = None,
    name: Name = trusted,
) -> AsyncIterator[Client]:
    """A client of the services at these addresses. It keeps no cookies, so that no read waits for
    what it did not name."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT
    ) as session:
        yield Client(session, ingest, query or ingest, admin, ends, name)
