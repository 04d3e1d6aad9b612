"""Merged entries keep whose they are: the accounts beside the tweets are read by that."""

import numpy as np

from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span
from query.entries import Entries, entries_of, merged, tweets_by


def array(*ids: int) -> IntArray:
    return np.array(ids, dtype=np.int64)


def parts(entries: Entries) -> tuple[list[tuple[int, int]], int | None]:
    pairs = zip(entries.ids.tolist(), entries.owners.tolist(), strict=True)
    return list(pairs), entries.known_to


def test_each_id_once_with_its_owner_in_either_direction() -> None:
    for direction, turn in ((Direction.OLDER, -1), (Direction.NEWER, 1)):
        span = Span(9, direction=direction)
        ids, owners = array(2, 3, 5, 8), array(7, 6, 7, 6)
        rows = entries_of(ids[::turn], owners[::turn], span)
        pages = [tweets_by(6, array(3, 4)[::turn], span), tweets_by(9, array(), span)]
        expected = [(2, 7), (3, 6), (4, 6), (5, 7), (8, 6)][::turn]
        assert parts(merged([*pages, rows], direction)) == (expected, None)


def test_what_lies_behind_the_nearest_end_is_left_for_the_next_round() -> None:
    span = Span(2)
    rows = [tweets_by(6, array(9, 4), span), tweets_by(7, array(8, 6), span)]
    whole = merged(rows, Direction.OLDER)
    assert parts(whole) == ([(9, 6), (8, 7), (6, 7)], 6)
    assert parts(whole.part(1, 3)) == ([(8, 7), (6, 7)], 6)
