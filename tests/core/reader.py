"""A home timeline read page by page from the view in memory, with the core's own merge."""

from collections.abc import Iterator

import numpy as np

from foldline.core.ids import NO_IDS, IntArray
from foldline.core.merge import Merged, Run, merge, run_of
from foldline.core.span import Direction, Span
from tests.core.view import View


def walk(view: View, viewer: int, direction: Direction, limit: int) -> list[int]:
    """The whole timeline, newest first, read in pages of one direction."""
    pages = list(_pages(view, viewer, direction, limit))
    served = [int(tweet) for page in pages for tweet in page]
    return served if direction is Direction.OLDER else served[::-1]


def _pages(view: View, viewer: int, direction: Direction, limit: int) -> Iterator[IntArray]:
    span = Span(limit, direction=direction)
    while True:
        page = _page(view, viewer, span)
        yield page.ids[~np.isin(page.ids, view.ids("deleted"))]
        if page.known_to is None:
            return
        if direction is Direction.OLDER:
            span = Span(limit, below=page.known_to, direction=direction)
        else:
            span = Span(limit, above=page.known_to, direction=direction)


def _page(view: View, viewer: int, span: Span) -> Merged:
    """Materialized rows down to the floor, merged with what is pulled; below it all is pulled."""
    following = view.cells("following", viewer)
    entries = {t: a for t, a in view.timeline(viewer).items() if a in following}
    floor = view.floor(viewer)
    older = span.direction is Direction.OLDER
    if span.below <= floor if older else span.above + 1 < floor:
        edge = None if older else floor - 1
        pulled, rows = set(following), Run(NO_IDS, edge)
    else:
        pulled = set(following) & set(view.cells("celebrities"))
        above = np.array(sorted(t for t in entries if t >= floor), dtype=np.int64)
        rows = run_of(_within(above, span), span)
        if older and rows.known_to is None and span.above < floor:
            rows = Run(rows.ids, floor)
    sources = [view.live(author) for author in pulled | {viewer}]
    runs = [rows, *(run_of(_within(ids, span), span) for ids in sources)]
    return merge(runs, span.direction)


def _within(ids: IntArray, span: Span) -> IntArray:
    """What a store answers to a span, from all its ids (sorted)."""
    found = ids[(ids > span.above) & (ids < span.below)]
    return found[: span.limit] if span.direction is Direction.NEWER else found[::-1][: span.limit]
