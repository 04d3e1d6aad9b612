"""The least that can post over HTTP, so that the load itself takes little of the machine."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BareHttp:
    """Kept connections to one server of this machine, each for one request at a time."""

    def __init__(self, port: int, connections: int) -> None:
        self._port = port
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Post JSON; the answer's headers, by names in small letters. Raises ConnectionError for
        anything but a success."""
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        async with self._connection() as (reader, writer):
            writer.write("\r\n".join(lines).encode() + _HEAD_END + body)
            head = (await reader.readuntil(_HEAD_END)).decode("latin-1")
            status, *fields = head.strip().split("\r\n")
            told = {name.lower(): value for name, value in (f.split(": ", 1) for f in fields)}
            said = await reader.readexactly(int(told.get("content-length", 0)))
        if not status.startswith("HTTP/1.1 2"):
            raise ConnectionError(f"{status}: {said.decode()}")
        return told

    def close(self) -> None:
        """End all connections; none may be in use."""
        for _, writer in self._idle:
            writer.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Connection]:
        async with self._free:
            if self._idle:
                connection = self._idle.pop()
            else:
                connection = await asyncio.open_connection("127.0.0.1", self._port)
            yield connection
            self._idle.append(connection)  # one that failed is not used again
