"""Pages of tweets from any source of ids: filled until full, and continued in both directions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from foldline.core.cursor import Cursor
from foldline.core.ids import MAX_ID
from foldline.core.merge import Merged
from foldline.core.span import Direction, Span
from foldline.views.port import ServedViews
from foldline.web.schemas import TweetPage, tweet_out
from query.hydrate import Shown, hydrate

Source = Callable[[Span], Awaitable[Merged]]
_FETCH_MAX: Final = 800  # ids asked of each source in one round


@dataclass(frozen=True, slots=True)
class Ask:
    """Which page: `limit` tweets beyond `cursor` (or from the newest on) in `direction`."""

    limit: int
    cursor: Cursor | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Filled:
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


async def tweet_page(
    views: ServedViews, source: Source, ask: Ask, scan_max: int, now_ms: int
) -> TweetPage:
    """The page that `ask` means, of what `source` holds, newest first."""
    filled = await _fill(views, source, ask, scan_max)
    shown = filled.shown
    if ask.direction is Direction.NEWER:
        shown = shown[::-1]
    older_at, newer_at = _edges(ask, filled, shown)
    return TweetPage(
        tweets=[tweet_out(each.tweet, each.author) for each in shown],
        next_cursor=_cursor(older_at, Direction.OLDER, now_ms),
        prev_cursor=_cursor(newer_at, Direction.NEWER, now_ms),
    )


async def _fill(views: ServedViews, source: Source, ask: Ask, scan_max: int) -> Filled:
    """Read until one more than the limit is found, which proves that the timeline goes on."""
    span = Span(limit=ask.limit + ask.limit // 4 + 1, direction=ask.direction)
    if ask.cursor is not None:
        span = _behind(span, ask.cursor.at_id)
    shown: list[Shown] = []
    scanned = 0
    while True:
        merged = await source(span)
        left = merged.ids
        while left.size and len(shown) <= ask.limit:
            missing = ask.limit + 1 - len(shown)
            shown += await hydrate(views, left[:missing])
            left = left[missing:]
        scanned += max(int(merged.ids.size), 1)
        if len(shown) > ask.limit:
            shown = shown[: ask.limit]
            return Filled(shown, shown[-1].tweet.tweet_id)
        if merged.known_to is None or scanned >= scan_max:
            return Filled(shown, merged.known_to)
        span = _behind(span, merged.known_to)
        span = replace(span, limit=min(span.limit * 2, _FETCH_MAX))


def _behind(span: Span, at_id: int) -> Span:
    if span.direction is Direction.NEWER:
        return replace(span, above=at_id)
    return replace(span, below=at_id)


def _edges(ask: Ask, filled: Filled, shown: list[Shown]) -> tuple[int | None, int | None]:
    """The ids behind which the older and the newer neighbour of a page begin.

    There is always a way to ask for newer tweets later, also where there are none now; an empty
    page hands the caller's own place back, from both sides.
    """
    at = ask.cursor.at_id if ask.cursor else None
    if ask.direction is Direction.OLDER:
        newer = shown[0].tweet.tweet_id if shown else None if at is None else max(at - 1, 0)
        return filled.resume_at, newer
    older = shown[-1].tweet.tweet_id if shown else None if at is None else min(at + 1, MAX_ID)
    newest = shown[0].tweet.tweet_id if shown else at
    return older, newest if filled.resume_at is None else filled.resume_at


def _cursor(at_id: int | None, direction: Direction, now_ms: int) -> str | None:
    return None if at_id is None else str(Cursor(at_id, direction, now_ms))
