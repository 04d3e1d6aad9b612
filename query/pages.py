"""Pages of tweets from any source of ids: filled until full, and continued in both directions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from foldline.core.cursor import Cursor
from foldline.core.ids import MAX_ID
from foldline.core.span import Direction, Span
from foldline.views.port import ServedViews
from query.entries import Entries
from query.hydrate import Shown, hydrate
from query.rules import Viewpoint

Source = Callable[[Span], Awaitable[Entries]]
_FETCH_MAX: Final = 800  # ids asked of each source in one round
_HYDRATE_MAX: Final = 200  # tweets looked at in one round


class Ask(NamedTuple):
    """Which page: `limit` tweets beyond `cursor` (or from the newest on) in `direction`."""

    limit: int
    cursor: Cursor | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Page:
    """Tweets that are shown, newest first, and the ids behind which its neighbours begin; None
    where there is none."""

    shown: list[Shown]
    older_at: int | None
    newer_at: int | None


@dataclass(frozen=True, slots=True)
class _Filled:
    """`shown` in the direction of reading, at most the limit. `resume_at`: the id that the next
    page continues behind; None where the source has no more."""

    shown: list[Shown]
    resume_at: int | None


def ask_of(limit: int, cursor: Cursor | None, direction: Direction | None) -> Ask:
    """The page that a request means: its own word on the direction, or else the cursor's."""
    if direction is None:
        direction = cursor.direction if cursor else Direction.OLDER
    if cursor is None:
        direction = Direction.OLDER  # there is nothing newer than the newest
    return Ask(limit, cursor, direction)


async def page_of(
    views: ServedViews, source: Source, viewpoint: Viewpoint, ask: Ask, scan_max: int
) -> Page:
    """The page that `ask` means, of what `source` holds and `viewpoint` may see."""
    filled = await _fill(views, source, viewpoint, ask, scan_max)
    shown = filled.shown
    if ask.direction is Direction.NEWER:
        shown = shown[::-1]
    return Page(shown, *_edges(ask, filled, shown))


def finished(ask: Ask, shown: list[Shown], known_to: int | None) -> Page | None:
    """The newest page, of all that may be `shown` down to `known_to`; None where more must be read
    for it."""
    if len(shown) > ask.limit:
        shown = shown[: ask.limit]
        return Page(shown, *_edges(ask, _Filled(shown, shown[-1].tweet_id), shown))
    if known_to is not None:
        return None
    return Page(shown, *_edges(ask, _Filled(shown, None), shown))


async def _fill(
    views: ServedViews, source: Source, viewpoint: Viewpoint, ask: Ask, scan_max: int
) -> _Filled:
    """Read until one more than the limit is found, which proves that the list goes on."""
    span = first_span(ask)
    shown: list[Shown] = []
    scanned = 0
    step = ask.limit + 1
    while True:
        entries = await source(span)
        at = 0
        while at < entries.ids.size and len(shown) <= ask.limit:
            shown += await hydrate(views, viewpoint, entries.part(at, at + step))
            at, step = at + step, min(step * 2, _HYDRATE_MAX)
        if len(shown) > ask.limit:
            shown = shown[: ask.limit]
            return _Filled(shown, shown[-1].tweet_id)
        scanned += max(int(entries.ids.size), 1)
        if entries.known_to is None or scanned >= scan_max:
            return _Filled(shown, entries.known_to)
        span = _behind(span, entries.known_to)
        span = replace(span, limit=min(span.limit * 2, _FETCH_MAX))


def first_span(ask: Ask) -> Span:
    """What a source is asked for first: more than the limit, as some may not be shown."""
    span = Span(limit=ask.limit + ask.limit // 4 + 1, direction=ask.direction)
    return span if ask.cursor is None else _behind(span, ask.cursor.at_id)


def _behind(span: Span, at_id: int) -> Span:
    if span.direction is Direction.NEWER:
        return replace(span, above=at_id)
    return replace(span, below=at_id)


def _edges(ask: Ask, filled: _Filled, shown: list[Shown]) -> tuple[int | None, int | None]:
    """The ids behind which the older and the newer neighbour of a page begin.

    There is always a way to ask for newer tweets later, also where there are none now; an empty
    page hands the caller's own place back, from both sides.
    """
    at = ask.cursor.at_id if ask.cursor else None
    if ask.direction is Direction.OLDER:
        newer = shown[0].tweet_id if shown else None if at is None else max(at - 1, 0)
        return filled.resume_at, newer
    older = shown[-1].tweet_id if shown else None if at is None else min(at + 1, MAX_ID)
    newest = shown[0].tweet_id if shown else at
    return older, newest if filled.resume_at is None else filled.resume_at
