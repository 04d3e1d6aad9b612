"""An installation that is read: accounts, who follows whom, timelines that a worker has filled."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import redis.asyncio as redis

from benchmarks.installation import MS, Measured, installation, read_back
from benchmarks.pipeline import delivered
from benchmarks.reads.people import Crowd
from foldline.clock import SystemClock
from foldline.core.effects import PutAccount, SetCelebrity
from foldline.core.ids import IntArray
from foldline.packing import PackedBatch, PackedStatement
from foldline.settings import Settings
from foldline.web.tokens import Identity, Tokens
from infra.engines import EngineStack

PAGE: Final = 20
_TOKEN_S: Final = 86_400
_APPLIED_AT_ONCE: Final = 1_000
_EDGES_PER_MUTATION: Final = 500
_NO_CROSSINGS: Final = {"promote_at": 10_000_000, "demote_below": 0}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is read, and who may. `tokens` are of this run alone."""

    made: Measured
    crowd: Crowd
    stack: EngineStack
    tokens: Tokens
    _known: dict[int, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Those of its services."""
        return self.made.settings

    def request(self, user_id: int, path: str, body: bytes | None = None) -> bytes:
        """A request of a user's with a token, as it goes over the wire."""
        lines = [
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self._token(user_id)}",
        ]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")

    def page(self, viewer: int) -> bytes:
        """A request for a viewer's newest page."""
        return self.request(viewer, f"/api/v1/timeline?limit={PAGE}")

    def pages(self, viewers: Iterable[int]) -> list[bytes]:
        """Requests for the newest pages of these."""
        return [self.page(viewer) for viewer in viewers]

    def _token(self, user_id: int) -> str:
        """The same each time, as an application keeps it."""
        if user_id not in self._known:
            self._known[user_id] = self.tokens.issue(Identity(user_id))
        return self._known[user_id]

    async def forget_shared(self) -> None:
        """Empty the cache that processes share."""
        async with redis.from_url(self.settings.redis_url) as client:
            await client.flushdb()


@asynccontextmanager
async def scene(stack: EngineStack, crowd: Crowd) -> AsyncIterator[Scene]:
    """A filled installation; dropped at the end."""
    numbers = {"auth": "jwt", "jwt_secret": secrets.token_hex(), "buckets": 32} | _NO_CROSSINGS
    async with (
        installation(stack.endpoints(), crowd.work, **numbers) as made_of,
        made_of.measured() as made,
    ):
        await _fill(made, crowd)
        secret = made.settings.jwt_secret.get_secret_value().encode()
        yield Scene(made, crowd, stack, Tokens(secret, _TOKEN_S, SystemClock()))


async def _fill(made: Measured, crowd: Crowd) -> None:
    people = [*range(1, crowd.viewers + 1), *crowd.work.authors.tolist()]
    for start in range(0, len(people), _APPLIED_AT_ONCE):
        some = people[start : start + _APPLIED_AT_ONCE]
        accounts = [PutAccount(each, f"user_{each}", f"User {each}", "", MS, 1) for each in some]
        await made.profile.views.apply(accounts, {})
    flags = [SetCelebrity(each, True, 1) for each in crowd.celebrities.tolist()]
    await made.profile.views.apply(flags, {})
    put = PackedStatement(made.session.prepared("put_followee"), _EDGES_PER_MUTATION)
    await made.session.for_each(made.session.run, _edges(crowd, put))
    rows = await made.post(crowd.work.posts)
    with made.worker(1):
        await delivered(made, rows, int(crowd.work.sizes[crowd.work.posts].sum()))
        await _all_folded(made)
    light = crowd.heavy + 1  # what a heavy reader has may have been trimmed by now
    await read_back(made.profile.views, crowd.work, crowd.work.posts, light)


async def _all_folded(made: Measured) -> None:
    """Also the celebrities' posts, which are delivered to nobody."""
    async with asyncio.timeout(60):
        ends = await made.profile.log.ends()
        while True:
            progress = await made.profile.views.progress()
            if all(progress.get(p, 0) >= end for p, end in enumerate(ends)):
                return
            await asyncio.sleep(0.1)


def _edges(crowd: Crowd, put: PackedStatement) -> Iterator[PackedBatch]:
    """Whom each viewer follows, as the fold of the follows would have written it."""
    sizes = [each.size for each in crowd.followers]
    followees: IntArray = np.repeat(crowd.work.authors, sizes)
    followers: IntArray = np.concatenate(crowd.followers)
    order = np.lexsort((followees, followers))
    one = np.ones_like(order)
    yield from put.batches((followers[order], followees[order], one, one), (), one)
