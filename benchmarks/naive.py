"""As the textbook writes it: one prepared INSERT a follower, by the driver's own helper for many
statements at once."""

import asyncio
import os
import time
from typing import Final

from cassandra.concurrent import execute_concurrent_with_args

from benchmarks.installation import Measured, blocking_session, tweet_id
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from foldline.cassandra_driver import views_keyspace
from foldline.core.ids import IntArray, buckets_of
from infra.engines import EngineStack

_AT_ONCE: Final = 100  # the helper's default
_INSERT: Final = """
INSERT INTO user_timelines (bucket, user_id, tweet_id, author_id) VALUES (?, ?, ?, ?)
USING TIMESTAMP ?
"""


async def naive(made: Measured, posts: IntArray, stack: EngineStack) -> Figures:
    """Deliver these posts."""
    return await asyncio.to_thread(_deliver, made, posts, stack)


def _deliver(made: Measured, posts: IntArray, stack: EngineStack) -> Figures:
    work = made.work
    rows = int(work.sizes[posts].sum())
    with blocking_session(made.settings, views_keyspace(made.settings, 1)) as session:
        insert = session.prepare(_INSERT)
        used = ProcessorTime({"cassandra": stack.cassandra.pid, "client": os.getpid()})
        began = time.monotonic()
        for number, at in enumerate(posts.tolist(), 1):
            audience, author = work.audiences[at], int(work.authors[at])
            buckets = buckets_of(audience, made.settings.buckets).tolist()
            parameters = [
                (bucket, follower, tweet_id(number), author, 1)
                for bucket, follower in zip(buckets, audience.tolist(), strict=True)
            ]
            execute_concurrent_with_args(session, insert, parameters, concurrency=_AT_ONCE)
        took = time.monotonic() - began
    return {
        "deliveries": rows,
        "deliveries_per_s": round(rows / took),
        "cpu_us_per_delivery": used.us_each(rows),
    }
