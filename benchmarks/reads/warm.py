"""The most that one process can do, warm: pages of viewers in turn, each known to the caches.

Against a bare aiohttp handler that returns the same bodies in the same order to the same requests,
and against Stream-Framework's read of a feed, which has no HTTP and no bodies.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from benchmarks.processor_time import ProcessorTime
from benchmarks.reads.client import connections, saturated
from benchmarks.reads.scene import Scene
from benchmarks.rounds import Figures
from benchmarks.services import Service, program
from benchmarks.stream_framework import PYTHON

READS: Final = "reads_per_s"
_PROGRAM: Final = Path(__file__).parents[1] / "peers" / "stream_framework_reads.py"
_DB: Final = "1"  # our own caches are in another
_FEED: Final = 100  # entries


async def most(server: Service, requests: Sequence[bytes], seconds: float) -> Figures:
    """Reads a second of a process that is asked for no less than it can do."""
    used = ProcessorTime({"process": server.pid})
    heards, took = await saturated(server.port, requests, seconds)
    figures = heards.figures()
    assert not figures["failed"], f"{figures['failed']} requests failed"
    return {READS: round(len(heards.ms) / took), "cpu_us": used.us_each(len(heards.ms))} | figures


async def bodies(server: Service, requests: Sequence[bytes]) -> list[bytes]:
    """What each is answered, asked one by one; so all is known to the caches afterwards."""
    [connection] = await connections(server.port, 1)
    found = [await connection.body(request) for request in requests]
    connection.close()
    return found


@asynccontextmanager
async def bare(pages: Sequence[bytes]) -> AsyncIterator[Service]:
    """The bare handler, as a process, with these bodies."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(orjson.dumps([page.decode() for page in pages]))
        file.flush()
        async with program("benchmarks.reads.bare_server", file.name) as server:
            yield server


class StreamFramework:
    """Its feeds on the same Redis."""

    def __init__(self, scene: Scene, viewers: int) -> None:
        redis_url = urlsplit(scene.settings.redis_url)
        self._arguments = (str(redis_url.port), _DB, str(viewers))

    async def fill(self) -> None:
        """Make the feeds."""
        await self._run("fill", str(_FEED))

    async def read(self, seconds: float) -> Figures:
        """Read page after page."""
        found = await self._run("read", str(seconds))
        return {READS: found[READS], "cpu_us": {"process": found["client_us"]}}

    async def _run(self, *what: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *(str(PYTHON), str(_PROGRAM), *self._arguments, *what),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"Stream-Framework ended with {process.returncode}")
        found: dict[str, Any] = json.loads(said)
        return found
