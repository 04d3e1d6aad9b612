"""The least that aiohttp can do: one handler, which returns bodies that it has, in turn.

    python -m benchmarks.reads.bare_server PORT FILE

FILE: a JSON list of bodies.
"""

import asyncio
import sys
from itertools import cycle
from pathlib import Path

import orjson
import uvloop
from aiohttp import web


async def serve(port: int, bodies: list[bytes]) -> None:
    """Until the process is ended."""
    following = cycle(bodies)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=next(following), content_type="application/json")

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", ready)
    app.router.add_get("/api/v1/timeline", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    made_ready = [body.encode() for body in orjson.loads(Path(sys.argv[2]).read_bytes())]
    uvloop.run(serve(int(sys.argv[1]), made_ready))
