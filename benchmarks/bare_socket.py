"""The least that can speak to Cassandra: frames that are ready made, pushed through a socket.

It is the ceiling to compare with: no driver, no futures, no retries, no event loop.
"""

import socket
import struct
from collections.abc import Sequence
from typing import Final

PROTOCOL: Final = 4  # frames of the next version are cut into segments with checksums
_STARTUP, _ERROR, _READY = 1, 0, 2
_HEADER: Final = struct.Struct(">BBhBi")  # version, flags, stream, opcode, length
_STREAM_AT: Final = 2
_RECEIVE: Final = 1 << 16


class BareSocket:
    """One connection. Everything here blocks."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        body = b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0"
        self._socket.sendall(_HEADER.pack(PROTOCOL, 0, 0, _STARTUP, len(body)) + body)
        if self._answer()[1] != _READY:
            raise ConnectionError("Cassandra wants more than a startup")

    def push(self, frames: Sequence[bytes], window: int) -> None:
        """Send all requests, at most `window` of them unanswered. Raises ConnectionError for the
        first that is refused."""
        out = 0
        for at, frame in enumerate(frames):
            stream = at if out < window else self._done()
            out = min(out + 1, window)
            head = frame[:_STREAM_AT] + struct.pack(">h", stream)
            self._socket.sendall(head + frame[_STREAM_AT + 2 :])
        for _ in range(out):
            self._done()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _done(self) -> int:
        stream, opcode, body = self._answer()
        if opcode == _ERROR:
            raise ConnectionError(f"Cassandra refused a request: {body[:200]!r}")
        return stream

    def _answer(self) -> tuple[int, int, bytes]:
        _, _, stream, opcode, length = _HEADER.unpack(self._take(_HEADER.size))
        return stream, opcode, self._take(length)

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            some = self._socket.recv(_RECEIVE)
            if not some:
                raise ConnectionError("Cassandra closed the connection")
            self._received += some
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken
