"""Freshness under load: from a POST's answer until the last follower's row can be read.

Posts are sent over HTTP at fixed moments, whether or not the ones before are answered, so that a
stall is seen by all that it holds up. A post is fresh when progress has passed it: by then every
row of it is durable, so this is at least the time that is asked for. Progress is looked at all the
time, with short pauses; they, and how long a look takes, are part of what is measured.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import orjson

from benchmarks.bare_http import BareHttp
from benchmarks.installation import MS, TEXT, Measured
from benchmarks.pipeline import delivered
from benchmarks.rounds import Figures
from benchmarks.services import service
from foldline.core.effects import PutAccount
from foldline.core.ids import NO_IDS, IntArray
from foldline.core.position import Position

_LOOK_S: Final = 0.02
_PATIENCE_S: Final = 60.0
_CONNECTIONS: Final = 64
_INGEST: Final = 9  # its node
_BODY: Final = orjson.dumps({"text": TEXT})
Looks = list[tuple[float, dict[int, int]]]


@dataclass(slots=True)
class _Posted:
    """Of each post that was answered: when, and where it stands in the log."""

    answered: list[float] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    posts_ms: list[float] = field(default_factory=list)

    def joined(self, other: "_Posted") -> "_Posted":
        return _Posted(
            self.answered + other.answered,
            self.positions + other.positions,
            self.posts_ms + other.posts_ms,
        )


async def freshness(
    made: Measured, posts: IntArray, posts_per_s: float, beside: IntArray = NO_IDS
) -> Figures:
    """Post these at such a rate, beside one worker that knows their audiences. `beside`: posts that
    are made in the middle of it and not counted."""
    await _accounts(made)
    every_s = 1 / posts_per_s
    known = np.unique(posts)
    rows = await made.post(known)
    half = posts.size // 2
    async with AsyncExitStack() as running:
        running.enter_context(made.worker(1))
        ingest = await running.enter_async_context(service(made.settings, "ingest", _INGEST))
        await delivered(made, rows, int(made.work.sizes[known].sum()))
        http = BareHttp(ingest.port, _CONNECTIONS)
        await _send(http, made, posts[:half], every_s)  # to warm up
        async with _looking(made) as looks:
            before = await _send(http, made, posts[:half], every_s)
            aside = asyncio.ensure_future(_send(http, made, beside, every_s))
            posted = before.joined(await _send(http, made, posts[half:], every_s))
            await _passed(looks, posted.joined(await aside))
        http.close()
    waits = [
        _seen(looks, at) - answered
        for answered, at in zip(posted.answered, posted.positions, strict=True)
    ]
    return {
        "deliveries_per_s": round(float(made.work.sizes[posts].mean()) * posts_per_s),
        "posts_per_s": round(posts_per_s, 1),
        "posts": int(posts.size),
        "fresh_ms": _percentiles(np.array(waits) * 1000),
        "post_ms": _percentiles(np.array(posted.posts_ms)),
    }


def _percentiles(ms: np.ndarray) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(ms, q)), 1) for q in (50, 90, 99, 100)}


async def _accounts(made: Measured) -> None:
    accounts = [
        PutAccount(author, f"author_{author}", "", "", MS, 1)
        for author in made.work.authors.tolist()
    ]
    await made.profile.views.apply(accounts, {})


async def _send(http: BareHttp, made: Measured, posts: IntArray, every_s: float) -> _Posted:
    posted = _Posted()
    began = time.monotonic()

    async def post(author: int, due: float) -> None:
        await asyncio.sleep(due - time.monotonic())
        told = await http.post("/api/v1/tweets", {"X-User-ID": str(author)}, _BODY)
        posted.answered.append(time.monotonic())
        posted.positions.append(Position.parse(told["foldline-position"]))
        posted.posts_ms.append((posted.answered[-1] - due) * 1000)

    async with asyncio.TaskGroup() as sending:
        for number, author in enumerate(made.work.authors[posts].tolist()):
            sending.create_task(post(author, began + number * every_s))
    return posted


@asynccontextmanager
async def _looking(made: Measured) -> AsyncIterator[Looks]:
    """Look at progress again and again."""
    looks: Looks = []

    async def look() -> None:
        while True:
            progress = await made.profile.views.progress()
            looks.append((time.monotonic(), progress))
            await asyncio.sleep(_LOOK_S)

    looking = asyncio.ensure_future(look())
    try:
        yield looks
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _passed(looks: Looks, posted: _Posted) -> None:
    last: dict[int, int] = {}
    for at in posted.positions:
        last[at.partition] = max(at.offset, last.get(at.partition, 0))
    deadline = time.monotonic() + _PATIENCE_S
    while not all(looks[-1][1].get(p, 0) > offset for p, offset in last.items()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all folded after {_PATIENCE_S:g} s")
        await asyncio.sleep(_LOOK_S)


def _seen(looks: Looks, at: Position) -> float:
    """When progress was first seen to have passed a position. Progress only rises."""
    low, high = 0, len(looks) - 1
    while low < high:
        middle = (low + high) // 2
        if looks[middle][1].get(at.partition, 0) > at.offset:
            high = middle
        else:
            low = middle + 1
    return looks[low][0]
