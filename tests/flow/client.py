"""A client of the HTTP API that keeps the list of what was acknowledged to it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from tests.oracle.oracle import Acknowledged, Deleted, Followed, Joined, Oracle, Posted, Unfollowed

_PATIENCE_S: Final = 90.0  # of a command or a read, over all its repeats
_PAUSE_S: Final = 0.05
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_AGAIN: Final = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


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
    where in the log each tweet is (partition, offset).

    What is unknown or unavailable (503, 504, a cut connection) is repeated until it is answered, a
    post under the same idempotency key. Commands that depend on each other must be awaited in turn.
    """

    session: aiohttp.ClientSession
    ingest: str
    query: str
    acknowledged: list[Acknowledged] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    repeats: int = 0

    async def join(self, username: str) -> int:
        """A new account; its id."""
        reply = await self._command("POST", "/api/v1/users", None, 201, json={"username": username})
        self.acknowledged.append(Joined(int(reply.body["user_id"]), username))
        return int(reply.body["user_id"])

    async def post(self, author: int, text: str) -> int:
        """A new tweet; its id."""
        body = {"text": text, "idempotency_key": uuid.uuid4().hex}
        reply = await self._command("POST", "/api/v1/tweets", author, 201, json=body)
        tweet = int(reply.body["tweet_id"])
        partition, offset = map(int, reply.headers["Foldline-Position"].split("-"))
        self.places[tweet] = partition, offset
        self.acknowledged.append(Posted(author, tweet, text))
        return tweet

    async def delete(self, author: int, tweet: int) -> None:
        await self._command("DELETE", f"/api/v1/tweets/{tweet}", author, 204)
        self.acknowledged.append(Deleted(tweet))

    async def follow(self, follower: int, followee: int) -> None:
        await self._command("POST", f"/api/v1/users/{followee}/follow", follower, 201)
        self.acknowledged.append(Followed(follower, followee))

    async def unfollow(self, follower: int, followee: int) -> None:
        await self._command("DELETE", f"/api/v1/users/{followee}/follow", follower, 204)
        self.acknowledged.append(Unfollowed(follower, followee))

    async def get(self, path: str, viewer: int | None = None, **query: object) -> Any:
        """The body of a read that must succeed."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        reply = await self._steadily("GET", self.query + path, viewer, params=asked)
        if reply.status != HTTPStatus.OK:
            raise UnexpectedAnswerError(f"GET {path} {asked}: {reply.status} {reply.body}")
        return reply.body

    async def folded(self) -> None:
        """Wait until everything that was acknowledged is in the views."""
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
            headers["X-User-ID"] = str(viewer)
        async with self.session.request(method, url, headers=headers, **more) as response:
            raw = await response.read()
            body = await response.json() if "json" in response.content_type else raw.decode()
            return Reply(response.status, response.headers, body)

    async def _command(
        self, method: str, path: str, caller: int | None, status: int, **more: Any
    ) -> Reply:
        reply = await self._steadily(method, self.ingest + path, caller, **more)
        if reply.status != status:
            raise UnexpectedAnswerError(f"{method} {path}: {reply.status} {reply.body}")
        self.saw(reply)
        return reply

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
async def client_of(ingest: str, query: str | None = None) -> AsyncIterator[Client]:
    """A client of the services at these addresses. It keeps no cookies, so that no read waits for
    what it did not name."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT
    ) as session:
        yield Client(session, ingest, query or ingest)
