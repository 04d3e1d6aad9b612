"""The merge against the naive one: all ids of all sources, sorted, each once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.ids import NO_IDS
from foldline.core.merge import Merged, Run, merge, run_of
from foldline.core.span import Direction, Span

SOURCES = st.lists(st.sets(st.integers(1, 60), max_size=25), max_size=5)
DIRECTIONS = st.sampled_from(Direction)


def answer(source: set[int], span: Span) -> Run:
    """What a source that holds these ids answers to a span."""
    older = span.direction is Direction.OLDER
    found = sorted((i for i in source if span.above < i < span.below), reverse=older)
    return run_of(np.array(found[: span.limit], dtype=np.int64), span)


def following(span: Span, known_to: int) -> Span:
    """The span behind what is known."""
    if span.direction is Direction.OLDER:
        return Span(span.limit, known_to, span.above, span.direction)
    return Span(span.limit, span.below, known_to, span.direction)


@given(SOURCES, DIRECTIONS, st.integers(1, 8), st.integers(0, 61), st.integers(0, 61))
def test_rounds_of_merging_give_every_id_once_in_order(
    sources: list[set[int]], direction: Direction, limit: int, above: int, below: int
) -> None:
    span: Span | None = Span(limit, below, above, direction)
    merged: list[int] = []
    while span is not None:
        part = merge([answer(source, span) for source in sources], direction)
        assert part.known_to is None or part.ids[-1] == part.known_to
        merged += part.ids.tolist()
        span = None if part.known_to is None else following(span, part.known_to)
    every = {i for source in sources for i in source if above < i < below}
    assert merged == sorted(every, reverse=direction is Direction.OLDER)


def parts(merged: Merged) -> tuple[list[int], int | None]:
    return merged.ids.tolist(), merged.known_to


def test_a_merge_goes_no_further_than_the_nearest_end() -> None:
    older = [Run(np.array([9, 5]), 5), Run(np.array([8, 7]), 7), Run(np.array([8, 1]), None)]
    assert parts(merge(older, Direction.OLDER)) == ([9, 8, 7], 7)
    newer = [Run(np.array([2, 6]), 6), Run(np.array([3, 4]), 4), Run(np.array([3, 9]), None)]
    assert parts(merge(newer, Direction.NEWER)) == ([2, 3, 4], 4)


def test_an_end_without_ids_still_binds_the_merge() -> None:
    runs = [Run(NO_IDS, 6), Run(np.array([9, 6, 3]), None)]
    assert parts(merge(runs, Direction.OLDER)) == ([9, 6], 6)


def test_nothing_merged_is_nothing_and_known_to_its_end() -> None:
    assert parts(merge([], Direction.OLDER)) == ([], None)
    assert parts(merge([], Direction.NEWER)) == ([], None)


def test_a_run_is_cut_exactly_when_it_fills_its_limit() -> None:
    ids = np.array([9, 7])
    assert run_of(ids, Span(2)).known_to == 7
    assert run_of(ids, Span(3)).known_to is None
    assert run_of(NO_IDS, Span(1)).known_to is None
