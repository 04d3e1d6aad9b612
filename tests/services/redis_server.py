"""A Redis of a test's own, to be killed, paused and flushed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.asyncio import Redis

from infra.engine import Engine
from infra.local import tools
from infra.local.stack import LocalStack


@contextmanager
def own_redis(place: Path) -> Iterator[Engine]:
    """It runs until the block ends."""
    tools.install_missing(print)
    engine = LocalStack(place).redis
    try:
        engine.start()
        engine.wait_healthy(10)
        yield engine
    finally:
        engine.stop()


def url_of(server: Engine) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


async def command(server: Engine, *words: str) -> object:
    """What the server says to it."""
    async with Redis.from_url(url_of(server)) as client:
        return await client.execute_command(*words)  # type: ignore[no-untyped-call]
