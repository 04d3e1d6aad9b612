"""Stretches of lists as bare ids, each with whose it is: what a page is hydrated from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from foldline.core.ids import IntArray
from foldline.core.merge import Run, merge, run_of
from foldline.core.span import Direction, Span


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """`ids` are what cursors name, in the order of the list; `owners` the accounts that each is of
    (both int64); the list goes on behind `known_to`, unless that is None."""

    ids: IntArray
    owners: IntArray
    known_to: int | None

    def part(self, start: int, end: int) -> Self:
        """The entries from `start` on, before `end`."""
        return replace(self, ids=self.ids[start:end], owners=self.owners[start:end])


def entries_of(ids: IntArray, owners: IntArray, span: Span) -> Entries:
    """What a source answered to `span`."""
    return Entries(ids, owners, run_of(ids, span).known_to)


def tweets_by(author_id: int, ids: IntArray, span: Span) -> Entries:
    """An author's tweets, as they answered `span`."""
    return entries_of(ids, np.full(ids.size, author_id, dtype=np.int64), span)


def accounts_in(ids: IntArray, limit: int) -> Entries:
    """A list of accounts that was asked for `limit` of them."""
    return Entries(ids, ids, int(ids[-1]) if ids.size >= limit else None)


def merged(parts: Sequence[Entries], direction: Direction) -> Entries:
    """All that is known of all `parts` (one at least), each id once."""
    whole = merge([Run(part.ids, part.known_to) for part in parts], direction)
    ids = np.concatenate([part.ids for part in parts])
    owners = np.concatenate([part.owners for part in parts])
    order = ids.argsort()
    at = order[ids.searchsorted(whole.ids, sorter=order)]
    return Entries(whole.ids, owners[at], whole.known_to)
