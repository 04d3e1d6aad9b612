"""End to end: posts that wait in Kafka, folded by Faust workers into Cassandra.

A delivery counts when progress has passed its tweet, as its row is durable and readable by then; at
the end all rows are counted, and some timelines are read back entry by entry.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

import numpy as np

from benchmarks.installation import Measured, blocking_session, read_back
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from foldline.cassandra_driver import views_keyspace
from foldline.core.ids import IntArray
from infra.engines import EngineStack

_LOOK_S: Final = 0.05
_PATIENCE_S: Final = 600.0
Seen = list[tuple[float, int]]
"""Moments (monotonic seconds), and how many rows were delivered by then."""


async def pipeline(
    made: Measured, posts: IntArray, stack: EngineStack, workers: int = 1
) -> Figures:
    """Deliver these posts, by workers that know the audiences: each author has posted once when the
    clock starts. It runs until all is done. Parts that are in hand when it starts count as a whole,
    so there must be many parts behind them, and the rate is a little too high."""
    authors = np.arange(made.work.authors.size)
    posts = np.concatenate([authors, posts])
    rows = await made.post(posts)
    with ExitStack() as running:
        for number in range(1, workers + 1):
            running.enter_context(made.worker(number))
        first = (await delivered(made, rows, int(made.work.sizes.sum())))[-1]
        pids: dict[str, int | None] = {"cassandra": stack.cassandra.pid, "kafka": stack.kafka.pid}
        pids |= {f"worker {number}": made.pid_of(number) for number in range(1, workers + 1)}
        used = ProcessorTime(pids)
        total = int(made.work.sizes[posts].sum())
        seen = [first, *await delivered(made, rows, total)]
        counted = total - first[1]
        figures = {
            "deliveries": counted,
            "deliveries_per_s": round(counted / (seen[-1][0] - first[0])),
            "cpu_us_per_delivery": used.us_each(counted),
            "deliveries_each_second": each_second(seen),
        }
    await _check(made, posts)
    return figures


async def delivered(made: Measured, rows: Mapping[int, IntArray], enough: int) -> Seen:
    """Look at progress until it has passed so many of `rows` (as of `Measured.post`)."""
    deadline = time.monotonic() + _PATIENCE_S
    seen: Seen = []
    while time.monotonic() < deadline:
        progress = await made.profile.views.progress()
        seen.append((time.monotonic(), sum(int(of[progress.get(p, 0)]) for p, of in rows.items())))
        if seen[-1][1] >= enough:
            return seen
        await asyncio.sleep(_LOOK_S)
    raise TimeoutError(f"{seen[-1][1]:,} of {enough:,} rows in {_PATIENCE_S:g} s")


def each_second(seen: Seen) -> list[int]:
    """How many rows were delivered in each whole second since the first look."""
    at, rows = (np.array(column, dtype=np.float64) for column in zip(*seen, strict=True))
    return [round(n) for n in np.diff(np.interp(np.arange(at[0], at[-1]), at, rows))]


async def _check(made: Measured, posts: IntArray) -> None:
    await read_back(made.profile.views, made.work, posts)
    counted = await asyncio.to_thread(_count, made)
    assert counted == int(made.work.sizes[posts].sum()), f"{counted:,} rows"


def _count(made: Measured) -> int:
    with blocking_session(made.settings) as session:
        session.set_keyspace(views_keyspace(made.settings, 1))
        query = session.prepare("SELECT count(*) FROM user_timelines WHERE bucket = ?")
        return sum(
            session.execute(query, (bucket,), timeout=60).one()[0]
            for bucket in range(made.settings.buckets)
        )
