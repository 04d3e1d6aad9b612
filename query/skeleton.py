"""The skeleton of a home timeline: which tweets, as ids, before anything is hydrated.

Above the viewer's floor the entries are materialized, except those of celebrities, which are merged
in; below it everyone the viewer follows is pulled. The viewer's own tweets are merged everywhere.
Order of reading matters:

- celebrities before entries: an author whose flag was cleared has been backfilled by then;
- the floor after the entries: it only rises, and what a trim took lies below it;
- entries are filtered by the follow set: what an unfollow left behind is not shown.

Whom the viewer mutes is left out here already, so that no page must look at all their tweets.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span
from foldline.errors import NotFoundError
from foldline.views.port import ServedViews, TimelineRows
from query.celebrities import Celebrities
from query.entries import Entries, entries_of, merged, tweets_by
from query.rules import Viewpoint

_Pages = dict[int, IntArray]


class _Known(NamedTuple):
    """What is materialized, and down to where that is complete."""

    rows: TimelineRows
    floor: int


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """For whom a timeline is read: whom the viewer follows and wants to see, and which of them are
    celebrities; both sorted int64, as of the start of the request."""

    user_id: int
    following: IntArray
    celebrities: IntArray
    viewpoint: Viewpoint


async def opened(
    views: ServedViews, celebrities: Celebrities, user_id: int, span: Span
) -> tuple[Viewer, Entries]:
    """A viewer, and the skeleton within `span`; NotFoundError for who is not there."""
    flagged = await celebrities.current()

    async def merged_in() -> tuple[Viewer, _Pages]:
        viewer = await _viewer(views, flagged, user_id)
        return viewer, await _merged_in(views, viewer, span)

    (viewer, pages), known = await asyncio.gather(merged_in(), _known(views, user_id, span))
    return viewer, await _assembled(views, viewer, span, pages, known)


async def skeleton(views: ServedViews, viewer: Viewer, span: Span) -> Entries:
    """Ids of the viewer's home timeline within `span`, in its order. They may be fewer than the
    limit; the timeline goes on behind `known_to`, unless that is None."""
    pages, known = await asyncio.gather(
        _merged_in(views, viewer, span), _known(views, viewer.user_id, span)
    )
    return await _assembled(views, viewer, span, pages, known)


async def _viewer(views: ServedViews, flagged: IntArray, user_id: int) -> Viewer:
    """What the merge and the rules must know of a viewer."""
    following, known, found = await asyncio.gather(
        views.following(user_id), views.restrictions(user_id), views.accounts([user_id])
    )
    if user_id not in found or found[user_id].deleted:
        raise NotFoundError(f"there is no account {user_id}")
    viewpoint = Viewpoint.of(user_id, known, following)
    wanted = following
    if known.mutes.size:
        wanted = np.setdiff1d(following, known.mutes, assume_unique=True)
    return Viewer(user_id, wanted, wanted[_among(wanted, flagged)], viewpoint)


async def _merged_in(views: ServedViews, viewer: Viewer, span: Span) -> _Pages:
    return await views.tweets_of([*viewer.celebrities.tolist(), viewer.user_id], span)


async def _known(views: ServedViews, user_id: int, span: Span) -> _Known:
    rows = await views.timeline(user_id, span)
    return _Known(rows, await views.floor(user_id))


async def _assembled(
    views: ServedViews, viewer: Viewer, span: Span, pages: _Pages, read: _Known
) -> Entries:
    rows, floor = read
    known = entries_of(rows.tweets, rows.authors, span)
    wanted = (rows.tweets >= floor) & _among(rows.authors, viewer.following)
    parts = [tweets_by(author, page, span) for author, page in pages.items()]
    parts.append(replace(known, ids=rows.tweets[wanted], owners=rows.authors[wanted]))
    if floor > 0:
        return await _with_pulled(views, viewer, span, parts, floor)
    return merged(parts, span.direction)


async def _with_pulled(
    views: ServedViews, viewer: Viewer, span: Span, parts: Sequence[Entries], floor: int
) -> Entries:
    """The merge of a timeline that has a floor. `parts` end with the materialized one."""
    *merged_in, entries = parts
    if span.direction is Direction.OLDER:
        if entries.known_to is not None and entries.known_to >= floor:
            return merged(parts, span.direction)
        entries = replace(entries, known_to=None)  # below the floor there is nothing of it to know
    elif span.above + 1 >= floor:
        return merged(parts, span.direction)
    below = replace(span, below=min(span.below, floor))
    pulled = await views.tweets_of(viewer.following.tolist(), below)
    parts_below = [tweets_by(author, page, below) for author, page in pulled.items()]
    return merged([*merged_in, entries, *parts_below], span.direction)


def _among(ids: IntArray, members: IntArray) -> npt.NDArray[np.bool_]:
    """Which of `ids` are in `members`, which are sorted. For a page's few ids, several times faster
    than np.isin."""
    if not members.size:
        return np.zeros(ids.size, dtype=np.bool_)
    at = members.searchsorted(ids)
    return np.equal(members.take(at, mode="clip"), ids)
