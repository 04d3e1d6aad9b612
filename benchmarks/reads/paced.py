"""Latency at a fixed rate of requests, from the moment each was due."""

from collections.abc import Sequence
from itertools import cycle
from typing import Final

import orjson

from benchmarks.processor_time import ProcessorTime
from benchmarks.reads.client import Heards, Pace, connections
from benchmarks.reads.scene import PAGE, Scene
from benchmarks.reads.warm import bodies
from benchmarks.rounds import Figures
from benchmarks.services import Service

_CONNECTIONS: Final = 64


async def paced(
    server: Service, requests: Sequence[bytes], per_s: float, seconds: float
) -> Figures:
    """The requests in turn, so many a second."""
    heards, used = Heards(), ProcessorTime({"process": server.pid})
    pace = Pace(await connections(server.port, _CONNECTIONS))
    await pace.keep(cycle(requests), per_s, seconds, heards)
    pace.close()
    figures = heards.figures()
    assert not figures["failed"], f"{figures['failed']} requests failed"
    return {"per_s": round(per_s), "cpu_us": used.us_each(len(heards.ms))} | figures


async def deep_pages(
    scene: Scene, server: Service, viewers: Sequence[int], first: int, last: int
) -> list[bytes]:
    """Requests for the pages of each from number `first` to `last`, as their cursors have it."""
    found: list[bytes] = []
    requests = {viewer: scene.page(viewer) for viewer in viewers}
    for number in range(1, last + 1):
        if number >= first:
            found += requests.values()
        pages = await bodies(server, list(requests.values()))
        cursors = {
            viewer: orjson.loads(page)["next_cursor"]
            for viewer, page in zip(requests, pages, strict=True)
        }
        requests = {
            viewer: scene.request(viewer, f"/api/v1/timeline?limit={PAGE}&cursor={cursor}")
            for viewer, cursor in cursors.items()
            if cursor is not None
        }
    return found
