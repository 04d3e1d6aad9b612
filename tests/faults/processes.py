"""The `foldline` command as real processes."""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

FOLDLINE = (sys.executable, "-m", "app")
LATER_RELEASE = (sys.executable, "-m", "tests.faults.later_release")
ROOT = Path(__file__).parents[2]
_READY = "Foldline is ready"
_START_MAX_S = 90.0
_RUN_MAX_S = 240.0
_STOP_MAX_S = 60.0


def free_port() -> int:
    """A port that nobody listens on, and that a restart can have again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(numbers: Mapping[str, object]) -> dict[str, str]:
    """The settings of a process, beside what this process has in its environment."""
    given = {f"FOLDLINE_{name.upper()}": str(value) for name, value in numbers.items()}
    return os.environ | {"PYTHONPATH": str(ROOT)} | given


async def run(
    *arguments: str, numbers: Mapping[str, object], command: Sequence[str] = FOLDLINE
) -> tuple[int, str, str]:
    """A command to its end: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        *(*command, *arguments),
        env=environment(numbers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), _RUN_MAX_S)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@dataclass
class Dev:
    """`foldline dev` on a data directory and a port; it may be started again and again."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    arguments: Sequence[str] = ("--no-demo",)
    numbers: Mapping[str, object] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def start(self, command: Sequence[str] = FOLDLINE) -> float:
        """Start it, and wait for the ready banner; how many seconds that took."""
        began = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *(*command, "dev", "--data-dir", str(self.data_dir), "--port", str(self.port)),
            *self.arguments,
            env=environment({"admin_port": 0} | dict(self.numbers)),
            stderr=asyncio.subprocess.PIPE,
        )
        self.said = []
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read(self._process, ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait(
            [waiting, self._reading], timeout=_START_MAX_S, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        assert ready.is_set(), f"it does not get ready: {self.said}"
        return time.monotonic() - began

    async def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), _STOP_MAX_S)
        assert self._reading is not None
        await self._reading
        return code

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            line = re.sub(r"\x1b\[[0-9;]*m", "", raw.decode())
            self.said.append(line)
            if _READY in line:
                ready.set()


@asynccontextmanager
async def dev(
    data_dir: Path, *arguments: str, numbers: Mapping[str, object] | None = None
) -> AsyncIterator[Dev]:
    """A `foldline dev` that is not yet started, and is ended with the block."""
    running = Dev(data_dir, arguments=arguments, numbers=numbers or {})
    try:
        yield running
    finally:
        if running._process is not None and running._process.returncode is None:
            await running.end()
