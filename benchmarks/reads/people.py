"""Who reads whom: seeded crowds of viewers, authors and celebrities."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.workload import Workload, workload
from foldline.core.ids import NO_IDS, IntArray

_SEED: Final = 80
_POSTS_OF_A_CELEBRITY: Final = 20
_FANS_AMONG: Final = 50  # every so many viewers, one follows a certain celebrity


@dataclass(frozen=True, slots=True)
class Crowd:
    """`work`: what is delivered, so its celebrities have no audience; `followers`: who follows each
    author, theirs too (ids, sorted int64, in the order of `work.authors`). The first `heavy`
    viewers follow everybody; `celebrities` are the last authors."""

    work: Workload
    followers: list[IntArray]
    celebrities: IntArray
    heavy: int

    @property
    def viewers(self) -> int:
        """Viewers are the ids from 1 to this."""
        return self.work.recipients

    def deliverable(self) -> IntArray:
        """The places of the authors whose posts are delivered."""
        return np.flatnonzero(self.work.sizes > 0)


def crowd(
    viewers: int, authors: int, mean: int, deliveries: int, celebrities: int, heavy: int
) -> Crowd:
    """`authors` have `mean` followers on average; their posts make about so many `deliveries`."""
    rng = np.random.default_rng(_SEED)
    base = workload(viewers, mean, deliveries, authors)
    zealots = np.arange(1, heavy + 1, dtype=np.int64)
    audiences = [np.union1d(audience, zealots) for audience in base.audiences]
    fans = [
        np.union1d(rng.integers(1, viewers + 1, max(1, viewers // _FANS_AMONG)), zealots)
        for _ in range(celebrities)
    ]
    first = int(base.authors[-1]) + 1
    stars = np.arange(first, first + celebrities, dtype=np.int64)
    places = np.repeat(np.arange(authors, authors + celebrities), _POSTS_OF_A_CELEBRITY)
    enough = base.posts_of(deliveries)
    posts = rng.permutation(np.concatenate([enough, places]))
    work = replace(
        base,
        authors=np.concatenate([base.authors, stars]),
        audiences=[*audiences, *([NO_IDS] * celebrities)],
        posts=posts,
    )
    return Crowd(work, [*audiences, *fans], stars, heavy)
