"""End to end: posts that wait in Kafka, folded by Faust workers into Cassandra.

A delivery counts when progress has passed its tweet, as its row is durable and readable by then; at
the end all rows are counted, and some timelines are read back entry by entry.
"""

import asyncio
import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.installation import Coming, Measured, blocking_session, read_back
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from foldline.cassandra_driver import views_keyspace
from foldline.core.ids import IntArray
from infra.engines import EngineStack

_LOOK_S: Final = 0.05
_PATIENCE_S: Final = 600.0
_STANDING: Final = {"session_timeout_s": 60.0}  # so that who stands still keeps its partitions
Seen = list[tuple[float, int]]
"""Moments (monotonic seconds), and how many rows were delivered by then."""


async def pipeline(
    made: Measured, posts: IntArray, stack: EngineStack, workers: int = 1
) -> Figures:
    """Deliver these posts, by workers that know the audiences: each author has posted once before.
    The workers stand still while the timelines are emptied and the posts appended; from the moment
    they go on the clock runs, until all is done."""
    patient = replace(made, settings=made.settings.model_copy(update=_STANDING))
    authors = np.arange(made.work.authors.size)
    before, total = int(made.work.sizes.sum()), int(made.work.sizes[posts].sum())
    with ExitStack() as running:
        for number in range(1, workers + 1):
            running.enter_context(patient.worker(number))
        await delivered(made, await made.post(authors), before)
        pids = {f"worker {number}": made.pid_of(number) for number in range(1, workers + 1)}
        with _standing_still(pids.values()):
            await made.empty("user_timelines")
            rows = await made.post(posts, len(authors))
            engines = {"cassandra": stack.cassandra.pid, "kafka": stack.kafka.pid}
            used = ProcessorTime(engines | pids)
            began = time.monotonic(), 0
        seen = [began, *await delivered(made, rows, total)]
        figures = {
            "deliveries": total,
            "deliveries_per_s": round(total / (seen[-1][0] - began[0])),
            "cpu_us_per_delivery": used.us_each(total),
            "deliveries_each_second": each_second(seen),
        }
    await _check(made, posts)
    return figures


@contextmanager
def _standing_still(pids: Collection[int]) -> Iterator[None]:
    """The processes do nothing inside, and go on after it."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def delivered(made: Measured, rows: Mapping[int, Coming], enough: int) -> Seen:
    """Look at progress until it has passed so many of `rows` (as of `Measured.post`)."""
    deadline = time.monotonic() + _PATIENCE_S
    seen: Seen = []
    while time.monotonic() < deadline:
        progress = await made.profile.views.progress()
        seen.append((time.monotonic(), sum(of.by(progress.get(p, 0)) for p, of in rows.items())))
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
    with blocking_session(made.settings, views_keyspace(made.settings, 1)) as session:
        query = session.prepare("SELECT count(*) FROM user_timelines WHERE bucket = ?")
        return sum(
            session.execute(query, (bucket,), timeout=60).one()[0]
            for bucket in range(made.settings.buckets)
        )
