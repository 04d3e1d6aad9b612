"""Eighty reads a write while fan-out runs: a query process, an ingest process, a worker.

Three of four writes are posts, the others follows. Beside them posts are appended that make a
certain number of deliveries a second, so that hardly a page stays as it was from one read of it to
the next. Of some posts it is asked again and again whether a follower's page shows them yet.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np
import orjson

from benchmarks.installation import TEXT
from benchmarks.processor_time import ProcessorTime
from benchmarks.reads.client import Connection, Heards, Pace, connections, percentiles
from benchmarks.reads.hits import Hits
from benchmarks.reads.scene import Scene
from benchmarks.reads.warm import bodies
from benchmarks.rounds import Figures
from benchmarks.services import Service, service

READS_PER_WRITE: Final = 80
_POSTS: Final = 0.75  # of the writes
_QUERY, _INGEST = 8, 9  # their nodes
_CONNECTIONS: Final = 64
_LOOK_S: Final = 0.05
_LOOKS_MAX: Final = 200
_BODY: Final = orjson.dumps({"text": TEXT})


@dataclass(slots=True)
class _Told:
    reads: Heards = field(default_factory=Heards)
    posts: Heards = field(default_factory=Heards)
    follows: Heards = field(default_factory=Heards)
    shown_ms: list[float] = field(default_factory=list)


class Mixed:
    """Services that stand by; `run` loads them."""

    def __init__(self, scene: Scene, query: Service, ingest: Service) -> None:
        self._scene = scene
        self._query = query
        self._ingest = ingest
        self._rng = np.random.default_rng(1)
        self._appended = count(scene.crowd.work.posts.size)

    async def run(self, reads_per_s: float, deliveries_per_s: float, seconds: float) -> Figures:
        """So many reads a second, and a write to each eighty of them."""
        told = _Told()
        writes_per_s = reads_per_s / READS_PER_WRITE
        query = Pace(await connections(self._query.port, _CONNECTIONS))
        ingest = Pace(await connections(self._ingest.port, _CONNECTIONS))
        [looker] = await connections(self._query.port, 1)
        hits = await Hits.of(self._query.port)
        used = ProcessorTime({"query": self._query.pid, "ingest": self._ingest.pid})
        looks: list[asyncio.Task[None]] = []

        def look(_: bytes, body: bytes) -> None:
            if not looks or looks[-1].done():
                posted = orjson.loads(body)
                looks.append(asyncio.create_task(self._look(looker, posted, told)))

        async with asyncio.TaskGroup() as running:
            beside = running.create_task(self._beside(deliveries_per_s, seconds))
            running.create_task(query.keep(self._reads(), reads_per_s, seconds, told.reads))
            posts = self._posts(), writes_per_s * _POSTS, seconds, told.posts, look
            running.create_task(ingest.keep(*posts))
            follows = self._follows(), writes_per_s * (1 - _POSTS), seconds, told.follows
            running.create_task(ingest.keep(*follows))
        await asyncio.gather(*looks)
        looker.close()
        query.close()
        ingest.close()
        return {
            "reads_per_s": reads_per_s,
            "deliveries_per_s": round(beside.result() / seconds),
            "timeline": told.reads.figures(),
            "post": told.posts.figures(),
            "follow": told.follows.figures(),
            "shown": {"posts": len(told.shown_ms), "ms": percentiles(told.shown_ms)},
            "query_cpu_us_a_read": used.us_each(len(told.reads.ms))["query"],
            "hits": (await Hits.of(self._query.port)).since(hits),
        }

    def _reads(self) -> Iterator[bytes]:
        viewers = self._rng.permutation(self._scene.crowd.viewers) + 1
        while True:
            for viewer in viewers.tolist():
                yield self._scene.page(viewer)

    def _posts(self) -> Iterator[bytes]:
        authors = self._scene.crowd.work.authors[self._scene.crowd.deliverable()]
        while True:
            yield self._scene.request(int(self._rng.choice(authors)), "/api/v1/tweets", _BODY)

    def _follows(self) -> Iterator[bytes]:
        authors = self._scene.crowd.work.authors[self._scene.crowd.deliverable()]
        while True:
            viewer = int(self._rng.integers(1, self._scene.crowd.viewers + 1))
            path = f"/api/v1/users/{int(self._rng.choice(authors))}/follow"
            yield self._scene.request(viewer, path, b"{}")

    async def _beside(self, deliveries_per_s: float, seconds: float) -> int:
        """Appends posts right to the log; how many deliveries they make."""
        crowd = self._scene.crowd
        places, made = crowd.deliverable(), 0
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            if made <= deliveries_per_s * passed:
                place = self._rng.choice(places, 1)
                await self._scene.made.post(place, next(self._appended))
                made += int(crowd.work.sizes[place].sum())
            else:
                await asyncio.sleep(0.005)
        return made

    async def _look(self, looker: Connection, posted: dict[str, str], told: _Told) -> None:
        """Ask until the tweet is on the newest page of one who follows its author."""
        crowd = self._scene.crowd
        place = int(np.flatnonzero(crowd.work.authors == int(posted["user_id"]))[0])
        request = self._scene.page(int(crowd.followers[place][-1]))
        began = time.perf_counter()
        for _ in range(_LOOKS_MAX):
            if posted["tweet_id"].encode() in await looker.body(request):
                told.shown_ms.append((time.perf_counter() - began) * 1e3)
                return
            await asyncio.sleep(_LOOK_S)
        raise TimeoutError(f"tweet {posted['tweet_id']} is not shown")


async def mixed(scene: Scene, loads: list[tuple[float, float]], seconds: float) -> list[Figures]:
    """Each load of these (reads and deliveries a second) in turn. Every viewer was read before,
    as a process that has run for a while has it."""
    async with AsyncExitStack() as running:
        running.enter_context(scene.made.worker(1))
        query = await running.enter_async_context(service(scene.settings, "query", _QUERY))
        ingest = await running.enter_async_context(service(scene.settings, "ingest", _INGEST))
        ready = Mixed(scene, query, ingest)
        await bodies(query, scene.pages(range(1, scene.crowd.viewers + 1)))
        await ready.run(*loads[0], seconds)
        return [await ready.run(*load, seconds) for load in loads]
