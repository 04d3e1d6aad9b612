"""What is compared delivers the same: each way ends in the timelines that the workload asks for."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from benchmarks.embedded import embedded
from benchmarks.installation import Installation, installation, read_back
from benchmarks.limit import limit
from benchmarks.naive import naive
from benchmarks.pipeline import pipeline
from benchmarks.workload import AUTHORS, Workload, workload
from infra.engines import EngineStack

_ROWS = 600


@pytest.fixture(scope="module")
def work() -> Workload:
    return workload(recipients=150, mean=4, deliveries=_ROWS, count=50)


@pytest.fixture(scope="module")
async def installed(work: Workload, engines: EngineStack) -> AsyncIterator[Installation]:
    async with installation(engines.endpoints(), work, buckets=16) as installed:
        yield installed


@pytest.mark.engines
@pytest.mark.parametrize("way", [limit, naive])
async def test_a_way_delivers_the_workload(
    way: object, installed: Installation, engines: EngineStack
) -> None:
    assert callable(way)
    posts = installed.work.posts_of(_ROWS)
    async with installed.measured() as made:
        figures = await way(made, posts, engines)
        await read_back(made.profile.views, made.work, posts)
    assert figures["deliveries_per_s"] > 0


@pytest.mark.engines
async def test_the_pipeline_delivers_the_workload_as_it_sees_for_itself(
    installed: Installation, engines: EngineStack
) -> None:
    posts = installed.work.posts_of(_ROWS)
    async with installed.measured() as made:
        figures = await pipeline(made, posts, engines)
        await read_back(made.profile.views, made.work, posts)
    assert figures["deliveries"] == int(installed.work.sizes[posts].sum())


async def test_the_embedded_way_delivers_the_workload(work: Workload) -> None:
    figures = await embedded(work, work.posts_of(_ROWS))
    assert figures["deliveries"] >= _ROWS


@pytest.mark.engines
async def test_a_row_that_is_missing_is_seen(installed: Installation) -> None:
    posts = installed.work.posts_of(_ROWS)
    async with installed.measured() as made:
        with pytest.raises(AssertionError, match="timeline of"):
            await read_back(made.profile.views, made.work, posts)


def test_a_workload_has_the_mean_that_is_asked_for_and_everybody_once(work: Workload) -> None:
    wanted = workload(recipients=10_000, mean=100, deliveries=1_000)
    assert len(wanted.audiences) == AUTHORS
    assert 90 <= wanted.sizes.mean() <= 100
    for audience in (*wanted.audiences, *work.audiences):
        assert np.array_equal(audience, np.unique(audience))
    again = workload(recipients=10_000, mean=100, deliveries=1_000)
    assert np.array_equal(wanted.posts, again.posts)
    assert all(map(np.array_equal, wanted.audiences, again.audiences))
