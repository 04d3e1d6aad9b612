"""Processes that listen on a port of this machine, for as long as a block lasts."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal

import aiohttp

from benchmarks.installation import process_of
from foldline.settings import Settings

_PATIENCE_S: Final = 60.0
_STOP_S: Final = 30


@dataclass(frozen=True, slots=True)
class Service:
    """A process that listens."""

    port: int
    pid: int


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def service(
    settings: Settings, name: Literal["ingest", "query"], node_id: int
) -> AsyncIterator[Service]:
    """A service of Foldline, ready to answer."""
    own = settings.model_copy(update={"port": free_port(), "node_id": node_id})
    with process_of(own, own.data_dir / f"{name}.log", "serve", name) as pid:
        await _answers(f"http://127.0.0.1:{own.port}/readyz")
        yield Service(own.port, pid)


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncIterator[Service]:
    """A server of these benchmarks, which takes its port as its first argument."""
    port = free_port()
    with _running([sys.executable, "-m", module, str(port), *arguments]) as pid:
        await _answers(f"http://127.0.0.1:{port}/")
        yield Service(port, pid)


@contextmanager
def _running(command: list[str]) -> Iterator[int]:
    process = subprocess.Popen(command)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(_STOP_S)


async def _answers(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    async with aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} does not answer")
            await asyncio.sleep(0.1)
