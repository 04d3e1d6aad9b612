"""The skeleton of a home timeline: which tweets, as ids, before anything is hydrated.

Above the viewer's floor the entries are materialized, except those of celebrities, which are merged
in; below it everyone the viewer follows is pulled. The viewer's own tweets are merged everywhere.
Order of reading matters:

- celebrities before entries: an author whose flag was cleared has been backfilled by then;
- the floor after the entries: it only rises, and what a trim took lies below it;
- entries are filtered by the follow set: what an unfollow left behind is not shown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from foldline.core.ids import IntArray
from foldline.core.merge import Merged, Run, merge, run_of
from foldline.core.span import Direction, Span
from foldline.views.port import ServedViews
from query.celebrities import Celebrities


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """For whom a timeline is read: whom the viewer follows, and which of them are celebrities;
    both sorted int64, as of the start of the request."""

    user_id: int
    following: IntArray
    celebrities: IntArray


async def viewer_of(views: ServedViews, celebrities: Celebrities, user_id: int) -> Viewer:
    """What the merge must know of a viewer."""
    flagged = await celebrities.current()
    following = await views.following(user_id)
    return Viewer(user_id, following, np.intersect1d(following, flagged, assume_unique=True))


async def skeleton(views: ServedViews, viewer: Viewer, span: Span) -> Merged:
    """Ids of the viewer's home timeline within `span`, in its order. They may be fewer than the
    limit; the timeline goes on behind `known_to`, unless that is None."""
    merged_in = [*viewer.celebrities.tolist(), viewer.user_id]
    pages, rows = await asyncio.gather(
        views.tweets_of(merged_in, span), views.timeline(viewer.user_id, span)
    )
    floor = await views.floor(viewer.user_id)
    above = rows.tweets >= floor
    wanted = above & np.isin(rows.authors, viewer.following)
    runs = [run_of(page, span) for page in pages.values()]
    runs.append(replace(run_of(rows.tweets, span), ids=rows.tweets[wanted]))
    if floor > 0:
        return await _with_pulled(views, viewer, span, runs, floor)
    return merge(runs, span.direction)


async def _with_pulled(
    views: ServedViews, viewer: Viewer, span: Span, runs: Sequence[Run], floor: int
) -> Merged:
    """The merge of a timeline that has a floor. `runs` end with the materialized one."""
    *merged_in, entries = runs
    if span.direction is Direction.OLDER:
        if entries.known_to is not None and entries.known_to >= floor:
            return merge(runs, span.direction)
        entries = Run(entries.ids, None)  # below the floor there is nothing of it to know
    elif span.above + 1 >= floor:
        return merge(runs, span.direction)
    below = replace(span, below=min(span.below, floor))
    pulled = await views.tweets_of(viewer.following.tolist(), below)
    runs_below = [run_of(page, below) for page in pulled.values()]
    return merge([*merged_in, entries, *runs_below], span.direction)
