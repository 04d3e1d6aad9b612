"""The load: requests that are ready to be sent, over kept connections, by the least of code.

`saturated` asks again as soon as it is answered, so it finds the most a server can do. A `Pace`
sends at moments that were fixed beforehand, whether or not the ones before are answered, and counts
from those moments: a stall is seen by all that it holds up (no coordinated omission).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final, cast

import numpy as np

from benchmarks.rounds import Figures

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_PATIENCE_S: Final = 30.0
_COARSE_S: Final = 0.002
_FEW_PER_S: Final = 100
_QUEUE_MAX: Final = 100_000
Heard = Callable[[bytes, bytes], None]
"""Told the head and the body of an answer."""


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._heard: Heard | None = None
        self._bytes = b""
        self._whole = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def ask(self, request: bytes, heard: Heard) -> None:
        """Send; `heard` is told the answer."""
        assert self._transport is not None and self._heard is None
        self._heard, self._bytes, self._whole = heard, b"", 0
        self._transport.write(request)

    async def body(self, request: bytes) -> bytes:
        """Send, and wait for the body of the answer."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.ask(request, lambda _, body: answer.set_result(body))
        return await answer

    def data_received(self, data: bytes) -> None:
        self._bytes = self._bytes + data if self._bytes else data
        if not self._whole:
            end = self._bytes.find(_HEAD_END)
            if end < 0:
                return
            head = self._bytes[:end].lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self._whole = end + len(_HEAD_END) + length
        if len(self._bytes) >= self._whole and self._heard is not None:
            heard, self._heard = self._heard, None
            head, _, body = self._bytes.partition(_HEAD_END)
            heard(head, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def connections(port: int, count: int) -> list[Connection]:
    """Open so many."""
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(Connection, "127.0.0.1", port) for _ in range(count)]
    return [protocol for _, protocol in opened]


@dataclass(slots=True)
class Heards:
    """What was answered: milliseconds of each, and how many were not a success or were stale."""

    ms: list[float] = field(default_factory=list)
    failed: int = 0
    stale: int = 0

    def add(self, ms: float, head: bytes) -> None:
        self.ms.append(ms)
        self.failed += not head.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2"))
        self.stale += b"foldline-stale" in head.lower()

    def figures(self) -> Figures:
        """Percentiles in ms."""
        shown = {"requests": len(self.ms), "failed": self.failed, "stale": self.stale}
        return shown | {"ms": percentiles(self.ms)}


def percentiles(ms: Sequence[float]) -> dict[str, float]:
    """In milliseconds, by name."""
    at = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
    return {name: round(float(np.percentile(ms, q)), 2) for name, q in at.items()}


async def saturated(
    port: int, requests: Sequence[bytes], seconds: float, in_hand: int = 16
) -> tuple[Heards, float]:
    """Ask in turn for as long; what was heard, and how many seconds it took."""
    heards, todo = Heards(), cycle(requests)
    opened = await connections(port, in_hand)
    began = time.perf_counter()
    until = began + seconds
    left = len(opened)
    done = asyncio.get_running_loop().create_future()

    def again(connection: Connection) -> None:
        nonlocal left
        sent = time.perf_counter()
        if sent >= until:
            left -= 1
            if not left:
                done.set_result(None)
            return

        def heard(head: bytes, body: bytes) -> None:
            heards.add((time.perf_counter() - sent) * 1e3, head)
            again(connection)

        connection.ask(next(todo), heard)

    for connection in opened:
        again(connection)
    async with asyncio.timeout(seconds + _PATIENCE_S):
        await done
    took = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return heards, took


class Pace:
    """A server under load that comes at fixed moments."""

    def __init__(self, opened: Sequence[Connection]) -> None:
        self._free = deque(opened)
        self._waiting: deque[tuple[float, bytes, Heards, Heard | None]] = deque()

    async def keep(
        self,
        requests: Iterator[bytes],
        per_s: float,
        seconds: float,
        heards: Heards,
        then: Heard | None = None,
    ) -> None:
        """Send so many a second; all are answered when this ends. `then` is told each answer."""
        # The loop's timers are coarse; but to wait without them takes a processor.
        early_s = _COARSE_S if per_s <= _FEW_PER_S else 0.0
        began = time.perf_counter()
        for number in range(round(per_s * seconds)):
            due = began + number / per_s
            while (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(max(0.0, wait_s - early_s))
            self._send(due, next(requests), heards, then)
        async with asyncio.timeout(_PATIENCE_S):
            while len(heards.ms) < round(per_s * seconds):
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """End the connections; none may be in use."""
        for connection in self._free:
            connection.close()

    def _send(self, due: float, request: bytes, heards: Heards, then: Heard | None) -> None:
        if not self._free:
            assert len(self._waiting) < _QUEUE_MAX, "the server does not keep up at all"
            self._waiting.append((due, request, heards, then))
            return
        connection = self._free.popleft()

        def heard(head: bytes, body: bytes) -> None:
            heards.add((time.perf_counter() - due) * 1e3, head)
            self._free.append(connection)
            if then is not None:
                then(head, body)
            if self._waiting:
                self._send(*self._waiting.popleft())

        connection.ask(request, heard)
