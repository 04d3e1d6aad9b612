"""Reading one's own writes: positions on the way out, and waiting for them on the way in."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from aiohttp import hdrs, web

from foldline.clock import Clock
from foldline.core.position import Position
from foldline.errors import InvalidError

POSITION_HEADER: Final = "Foldline-Position"
AFTER_HEADER: Final = "Foldline-After"
STALE_HEADER: Final = "Foldline-Stale"
COOKIE: Final = "foldline_position"
_COMMAS: Final = re.compile(", *")
_IN_COOKIE: Final = "_"  # a comma would have to be quoted there
_COOKIE_MAX_AGE_S: Final = 60
_POSITIONS_MAX: Final = 64
_POLL_S: Final = 0.01


def wanted(request: web.Request, partitions: int) -> list[Position]:
    """The positions that the caller has seen: of the header, or of the browser's cookie.
    InvalidError for a header that is none; a cookie that is none is ignored."""
    headers = request.headers.getall(AFTER_HEADER, ())
    if not headers:
        return _of_cookie(request, partitions)
    try:
        return _parse(_COMMAS.split(", ".join(headers)), partitions)
    except ValueError as error:
        raise InvalidError(f"{AFTER_HEADER}: {error}") from error


def put_positions(
    request: web.Request, response: web.StreamResponse, made: Sequence[Position], partitions: int
) -> None:
    """Tell the caller where the events stand; a browser also keeps it in its cookie."""
    response.headers[POSITION_HEADER] = ", ".join(str(position) for position in made)
    newest: dict[int, int] = {}
    for partition, offset in (*_of_cookie(request, partitions), *made):
        newest[partition] = max(offset, newest.get(partition, 0))
    kept = list(newest.items())[-_POSITIONS_MAX:]
    response.set_cookie(
        COOKIE,
        _IN_COOKIE.join(str(Position(*item)) for item in kept),
        max_age=_COOKIE_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
    )


def _of_cookie(request: web.Request, partitions: int) -> list[Position]:
    if hdrs.COOKIE not in request.headers:
        return []
    try:
        return _parse(request.cookies.get(COOKIE, "").split(_IN_COOKIE), partitions)
    except ValueError:
        return []


def _parse(parts: Sequence[str], partitions: int) -> list[Position]:
    if parts == [""]:
        return []
    if len(parts) > _POSITIONS_MAX:
        raise ValueError(f"more than {_POSITIONS_MAX} positions")
    positions = [Position.parse(part) for part in parts]
    for position in positions:
        if position.partition >= partitions:
            raise ValueError(f"{position}: there are {partitions} partitions")
    return positions


class Progressing(Protocol):
    """Whatever tells progress, as `views.port.FoldedViews` does."""

    async def progress(self) -> dict[int, int]: ...


class ProgressWatch:
    """Progress of the views as many requests want it: read once for all that wait."""

    def __init__(self, views: Progressing, clock: Clock) -> None:
        self._views = views
        self._clock = clock
        self._reading: asyncio.Task[dict[int, int]] | None = None

    async def progress(self) -> Mapping[int, int]:
        """Progress as of a moment after this call began, or a few milliseconds before."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._views.progress())
        return await asyncio.shield(self._reading)

    async def passed(self, positions: Sequence[Position], wait_s: float) -> bool:
        """Whether progress has passed all `positions`, waiting up to `wait_s` for it."""
        if not positions:
            return True
        deadline = self._clock.monotonic() + wait_s
        while True:
            progress = await self.progress()
            if all(progress.get(p.partition, 0) > p.offset for p in positions):
                return True
            if self._clock.monotonic() >= deadline:
                return False
            await asyncio.sleep(_POLL_S)
