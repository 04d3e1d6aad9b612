"""Trimming: a timeline that grew past twice the cap is cut back to it.

The floor rises first and is acknowledged; only then are the entries below it dropped. A reader
reads the floor after the entries, so it never takes a trimmed timeline for a whole one.
"""

from typing import Protocol

import numpy as np

from foldline import telemetry
from foldline.core.effects import RaiseFloor, TrimBelow
from foldline.core.span import Span
from foldline.views.port import FoldedViews, ServedViews


class TrimmedViews(FoldedViews, ServedViews, Protocol):
    """Views that can be measured and cut."""


async def trim(views: TrimmedViews, user_id: int, cap: int) -> bool:
    """Cut the timeline of a user to `cap` entries and one if it has more than twice as many.
    Whether it did."""
    rows = await views.timeline(user_id, Span(limit=2 * cap + 1))
    if rows.tweets.size <= 2 * cap:
        return False
    floor = int(rows.tweets[cap])
    await views.apply([RaiseFloor(np.array([user_id]), floor)], {})
    await views.apply([TrimBelow(user_id, floor)], {})
    telemetry.TRIMS.inc()
    return True
