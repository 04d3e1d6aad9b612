"""Seeded workloads: who follows whom, and who posts in which order."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from foldline.core.ids import IntArray

AUTHORS: Final = 2_000
EDGES_MAX: Final = 2_000_000
_SKEW: Final = 0.7  # an audience's size falls as its rank to this power


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """`audiences`: of each author the followers' ids, sorted int64; `posts`: of each tweet the
    author's place among `authors`, in the order of posting."""

    recipients: int
    authors: IntArray
    audiences: list[IntArray]
    posts: IntArray

    @property
    def sizes(self) -> IntArray:
        """Followers of each author."""
        return np.array([audience.size for audience in self.audiences], dtype=np.int64)

    def posts_of(self, deliveries: int) -> IntArray:
        """The first posts that make about so many rows, and not fewer if there are enough."""
        enough = int(np.searchsorted(np.cumsum(self.sizes[self.posts]), deliveries)) + 1
        return self.posts[:enough]

    def entries_of(self, user_id: int, posts: IntArray) -> int:
        """How many rows the timeline of one recipient gets from these posts."""
        follows = np.array([_holds(audience, user_id) for audience in self.audiences])
        return int(follows[posts].sum())


def workload(
    recipients: int, mean: int, deliveries: int, count: int = AUTHORS, seed: int = 98
) -> Workload:
    """Posts that make at least so many `deliveries`, by `count` authors with power-law audiences of
    `mean` followers on average among `recipients` users, each as zealous as any other."""
    rng = np.random.default_rng(seed)
    mean = min(mean, EDGES_MAX // count)
    ranks = np.arange(1, count + 1, dtype=np.float64) ** -_SKEW
    sizes = np.clip(ranks / ranks.mean() * mean, 1, recipients).astype(np.int64)
    audiences = [_sample(rng, recipients, int(size)) for size in sizes]
    posts = rng.integers(0, count, size=max(1, 2 * deliveries // mean))
    authors = np.arange(recipients + 1, recipients + 1 + count, dtype=np.int64)
    return Workload(recipients, authors, audiences, posts)


def _sample(rng: np.random.Generator, recipients: int, size: int) -> IntArray:
    """Some of the ids 1 to `recipients`, each once."""
    if 2 * size > recipients:
        return np.sort(rng.permutation(recipients)[:size].astype(np.int64) + 1)
    found = np.unique(rng.integers(1, recipients + 1, size=size))
    while found.size < size:
        more = rng.integers(1, recipients + 1, size=size - found.size)
        found = np.unique(np.concatenate([found, more]))
    return found.astype(np.int64)


def _holds(audience: IntArray, user_id: int) -> bool:
    at = int(np.searchsorted(audience, user_id))
    return at < audience.size and int(audience[at]) == user_id
