"""Cursors: opaque to clients, and good for ever, since an id keeps its place through any rebuild.

A cursor names the id that a page ended at and the way it was going. Twenty bytes in base64url:
version, direction, id, the time it was made, and a checksum, so that a mangled cursor is refused
and not mistaken for another place.
"""

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

from foldline.core.ids import MAX_ID
from foldline.core.span import Direction

_VERSION: Final = 1
_BODY: Final = struct.Struct(">BBQQ")
_CHECK: Final = struct.Struct(">H")
_LENGTH: Final = 28  # characters of base64url


@dataclass(frozen=True, slots=True)
class Cursor:
    """The page adjacent to `at_id` in `direction`, without `at_id`. `made_at`: ms since 1970."""

    at_id: int
    direction: Direction
    made_at: int

    def __str__(self) -> str:
        body = _BODY.pack(_VERSION, self.direction, self.at_id, self.made_at)
        check = _CHECK.pack(zlib.crc32(body) & 0xFFFF)
        return base64.urlsafe_b64encode(body + check).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that `str` made; ValueError for anything else."""
        if len(text) >= _LENGTH:
            raise ValueError("not a cursor of ours")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            version, direction, at_id, made_at = _BODY.unpack(raw[: _BODY.size])
            (check,) = _CHECK.unpack(raw[_BODY.size :])
        except (binascii.Error, struct.error, ValueError) as error:
            raise ValueError("not a cursor of ours") from error
        if check != zlib.crc32(raw[: _BODY.size]) & 0xFFFF or version != _VERSION or at_id > MAX_ID:
            raise ValueError("not a cursor of ours")
        cursor = cls(at_id, Direction(direction), made_at)
        if str(cursor) != text:  # the last character carries two bits that nothing else guards
            raise ValueError("not a cursor of ours")
        return cursor
