"""A Redis of a test's own, which it may empty and kill."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis.asyncio

from infra.local.tools import redis_server
from tests.faults.processes import free_port

_START_S: Final = 10.0
_POLL_S: Final = 0.05


@dataclass
class OwnRedis:
    """A server on a port that nobody else knows. It keeps nothing on disk."""

    home: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            *(redis_server(), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.home)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_START_S):
            while not await self._answers():
                await asyncio.sleep(_POLL_S)

    async def kill(self) -> None:
        """SIGKILL, by its pid."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def flush(self) -> None:
        """Forget everything."""
        async with redis.asyncio.from_url(self.url) as client:
            await client.flushall()

    async def keys(self) -> int:
        """How much it holds."""
        async with redis.asyncio.from_url(self.url) as client:
            return int(await client.dbsize())

    async def _answers(self) -> bool:
        try:
            async with redis.asyncio.from_url(self.url) as client:
                return bool(await client.ping())
        except (redis.asyncio.ConnectionError, redis.asyncio.TimeoutError):
            return False


@asynccontextmanager
async def own_redis(home: Path) -> AsyncIterator[OwnRedis]:
    """A server that runs, and is ended with the block."""
    server = OwnRedis(home, free_port())
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
