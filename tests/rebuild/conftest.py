"""Installations to rebuild: an empty one, and a part of the real graph with its history, folded
into the generation that is served."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.rebuild.world import SMALL, RebuiltWorld, reed, world_of


@pytest.fixture(params=PROFILE_PARAMS)
async def empty(
    request: pytest.FixtureRequest, world_settings: WorldSettings
) -> AsyncIterator[RebuiltWorld]:
    """A small one, on both profiles, whose log has nothing yet."""
    async with world_of(world_settings(request.param, **SMALL)) as made:
        yield made


@pytest.fixture(scope="module", params=PROFILE_PARAMS)
async def graph_world(
    request: pytest.FixtureRequest, module_settings: WorldSettings
) -> AsyncIterator[RebuiltWorld]:
    shape = {"partitions": 4, "cap": 10, "buckets": 16, "promote_at": 40, "demote_below": 32}
    async with world_of(module_settings(request.param, **shape)) as made:
        await made.append(reed(3, people=80, tweets=300))
        await made.fold(made.profile.generation, made.profile.views)
        yield made
