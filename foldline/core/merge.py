"""The merge of a home timeline: many sources, one order, no id twice.

A source answers with a run of ids. A run that was cut by its limit is *known* only as far as its
last id: beyond it the source may hold more. So the merge goes no further than the nearest such end,
and the next round of reading goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foldline.core.ids import NO_IDS, IntArray
from foldline.core.span import Direction, Span


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a source gave: `ids` (int64, any order), and the last id it is known to, inclusive;
    None where the source has no more."""

    ids: IntArray
    known_to: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """`ids` in the direction of the span, each once; `known_to` as in `Run`."""

    ids: IntArray
    known_to: int | None


def run_of(ids: IntArray, span: Span) -> Run:
    """The run of a source that answered `span` with `ids`, in the span's order."""
    return Run(ids, int(ids[-1]) if ids.size >= span.limit else None)


def merge(runs: Sequence[Run], direction: Direction) -> Merged:
    """All that is known of all `runs`, as one run."""
    ids = np.unique(np.concatenate([run.ids for run in runs])) if runs else NO_IDS
    ends = [run.known_to for run in runs if run.known_to is not None]
    if direction is Direction.NEWER:
        known_to = min(ends, default=None)
        return Merged(ids if known_to is None else ids[ids <= known_to], known_to)
    known_to = max(ends, default=None)
    return Merged((ids if known_to is None else ids[ids >= known_to])[::-1], known_to)
