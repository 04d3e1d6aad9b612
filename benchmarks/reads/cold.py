"""A start with nothing known: a new process, an empty shared cache, each viewer for the first time;
against one read of one partition by the driver alone, at the same rate."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.installation import blocking_session
from benchmarks.reads.client import Heards, Pace, connections, percentiles
from benchmarks.reads.scene import PAGE, Scene
from benchmarks.rounds import Figures
from benchmarks.services import service
from foldline.cassandra_driver import views_keyspace
from foldline.core.ids import MAX_ID, buckets_of

P99: Final = "p99_ms"
_CONNECTIONS: Final = 64
_QUERY: Final = 8  # its node
_STATEMENT: Final = (
    "SELECT tweet_id, author_id FROM user_timelines "
    "WHERE bucket = ? AND user_id = ? AND tweet_id > ? AND tweet_id < ? LIMIT ?"
)


async def cold(scene: Scene, viewers: Sequence[int], per_s: float) -> Figures:
    """The newest page of each."""
    await scene.forget_shared()
    heards = Heards()
    async with service(scene.settings, "query", _QUERY) as query:
        pace = Pace(await connections(query.port, _CONNECTIONS))
        await pace.keep(iter(scene.pages(viewers)), per_s, len(viewers) / per_s, heards)
    figures = heards.figures()
    assert not figures["failed"], f"{figures['failed']} requests failed"
    return {P99: figures["ms"]["p99"]} | figures


async def driver(scene: Scene, viewers: Sequence[int], per_s: float) -> Figures:
    """As many rows of each viewer's timeline."""
    return await asyncio.to_thread(_driver, scene, viewers, per_s)


def _driver(scene: Scene, viewers: Sequence[int], per_s: float) -> Figures:
    ms: list[float] = []
    keyspace = views_keyspace(scene.settings, 1)
    with blocking_session(scene.settings, keyspace) as session:
        statement = session.prepare(_STATEMENT)
        began = time.perf_counter()
        for number, values in enumerate(_places(scene, viewers)):
            due = began + number / per_s
            time.sleep(max(0.0, due - time.perf_counter()))
            asked = session.execute_async(statement, values)
            asked.add_callback(lambda _, due=due: ms.append((time.perf_counter() - due) * 1e3))
        deadline = time.perf_counter() + 30
        while len(ms) < len(viewers) and time.perf_counter() < deadline:
            time.sleep(0.01)
    assert len(ms) == len(viewers), "the driver answers no more"
    found = percentiles(ms)
    return {P99: found["p99"], "requests": len(ms), "ms": found}


def _places(scene: Scene, viewers: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    buckets = buckets_of(np.array(viewers, dtype=np.int64), scene.settings.buckets).tolist()
    for bucket, viewer in zip(buckets, viewers, strict=True):
        yield bucket, viewer, 0, MAX_ID, PAGE
