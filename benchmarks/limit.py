"""The ceiling of this machine: the rows of a workload as ready-made frames on bare sockets."""

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from cassandra import ConsistencyLevel
from cassandra.protocol import BatchMessage

from benchmarks.bare_socket import PROTOCOL, BareSocket
from benchmarks.installation import Measured, tweet_id
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from foldline.core.effects import Deliver
from foldline.core.ids import IntArray
from foldline.packing import PackedBatch, PackingHandler
from foldline.views.cassandra_timelines import TimelineWriter
from infra.engines import EngineStack

_CONNECTIONS: Final = 2
_WINDOW: Final = 16  # requests unanswered on each connection
_STAMP: Final = 1


async def limit(made: Measured, posts: IntArray, stack: EngineStack) -> Figures:
    """Push all rows of these posts."""
    return await asyncio.to_thread(_push, made, posts, stack)


def _push(made: Measured, posts: IntArray, stack: EngineStack) -> Figures:
    frames = list(_frames(made, posts))
    hosts, port = made.settings.cassandra_hosts, made.settings.cassandra_port
    sockets = [BareSocket(hosts, port) for _ in range(_CONNECTIONS)]
    rows = int(made.work.sizes[posts].sum())
    used = ProcessorTime({"cassandra": stack.cassandra.pid, "client": os.getpid()})
    began = time.monotonic()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        pushed = [
            pool.submit(each.push, frames[first::_CONNECTIONS], _WINDOW)
            for first, each in enumerate(sockets)
        ]
        for each in pushed:
            each.result()
    took = time.monotonic() - began
    for socket in sockets:
        socket.close()
    return {
        "deliveries": rows,
        "deliveries_per_s": round(rows / took),
        "cpu_us_per_delivery": used.us_each(rows),
        "rows_per_mutation": round(rows / len(frames)),
    }


def _frames(made: Measured, posts: IntArray) -> Iterator[bytes]:
    """Just what the worker sends for the timeline rows of these posts, in batches as large."""
    settings, work = made.settings, made.work
    writer = TimelineWriter(
        made.session, settings.buckets, settings.mutation_bytes, settings.rows_per_part
    )
    for start in range(0, posts.size, settings.batch_events):
        some = posts[start : start + settings.batch_events].tolist()
        effects = [
            Deliver(int(work.authors[at]), np.array([tweet_id(n)]), work.audiences[at], _STAMP)
            for n, at in enumerate(some, start + 1)
        ]
        yield from map(_frame_of, writer.batches(effects))


def _frame_of(batch: PackedBatch) -> bytes:
    message = BatchMessage(
        batch.batch_type, batch._statements_and_parameters, ConsistencyLevel.LOCAL_ONE
    )
    return PackingHandler.encode_message(message, 0, PROTOCOL, None, False)
