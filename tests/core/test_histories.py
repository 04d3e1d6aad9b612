"""Random histories on the real fold: whatever the faults, each viewer is served the oracle's
timeline, and each account's counts are the truth.

A failing seed is repeated alone with `history(seed)`.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.core.span import Direction
from tests.core.reader import walk
from tests.core.workers import Workers
from tests.core.worlds import World, random_world

FEW = 400
MANY = 5_000


def history(rng: Random) -> list[str]:
    """Fold one random history under faults, and tell what is served wrongly."""
    world = random_world(rng)
    workers = Workers(world, rng)
    workers.run()
    return served_wrongly(workers, world, rng)


def served_wrongly(workers: Workers, world: World, rng: Random) -> list[str]:
    """What of the workers' view is not the truth."""
    wrong = []
    for viewer in range(1, world.users + 1):
        direction, limit = rng.choice(list(Direction)), rng.randint(1, 20)
        if walk(workers.view, viewer, direction, limit) != world.timeline(viewer):
            wrong.append(f"timeline of {viewer}, {direction.name} in pages of {limit}")
    wrong += [
        f"counts of {user}"
        for user in set(range(1, world.users + 1)) - world.closed
        if workers.view.counts(user) != world.counts(user)
    ]
    return wrong + [
        f"engagement of {tweet}"
        for tweet in world.engaged
        if workers.view.cells("engagement").get(tweet, (0, 0, 0)) != world.engagement(tweet)
    ]


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(FEW), id="few"),
        pytest.param(range(FEW, MANY), id="many", marks=pytest.mark.full),
    ],
)
def test_every_seeded_history_ends_in_the_oracles_timelines(seeds: range) -> None:
    failed = {seed: wrong for seed in seeds if (wrong := history(Random(seed)))}
    assert not failed, f"{len(failed)} of {len(seeds)}, at first {list(failed.items())[:3]}"


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_every_history_that_hypothesis_finds_does_so_too(rng: Random) -> None:
    assert history(rng) == []
