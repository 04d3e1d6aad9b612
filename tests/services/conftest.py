"""One installation on each profile, for all tests that only speak HTTP to it."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.worlds import World, world
from tests.services.scene import Scene, scene

_NUMBERS: Iterator[int] = itertools.count()


@dataclass(frozen=True)
class Town:
    """An installation with two accounts, whom nobody else's tests know."""

    world: World
    ann: int
    bob: int

    @property
    def url(self) -> str:
        return self.world.client.ingest

    async def ends(self) -> list[int]:
        """The log's ends: what is refused must leave them alone."""
        return await self.world.profile.log.ends()


@pytest.fixture(scope="package", params=PROFILE_PARAMS)
async def installation(
    request: pytest.FixtureRequest, package_settings: WorldSettings
) -> AsyncIterator[World]:
    async with world(package_settings(request.param, buckets=4)) as running:
        yield running


@pytest.fixture
async def town(installation: World) -> Town:
    number = next(_NUMBERS)
    ann, bob = [await installation.client.join(f"{name}_{number}") for name in ("ann", "bob")]
    await installation.client.folded()
    return Town(installation, ann, bob)


@pytest.fixture(scope="package", params=PROFILE_PARAMS)
async def read(
    request: pytest.FixtureRequest, package_settings: WorldSettings
) -> AsyncIterator[Scene]:
    # The events come from the test, so a read can't bring their positions: nothing may be cached.
    numbers = {"buckets": 4, "follower_shards": 2, "cache": "off"}
    async with scene(package_settings(request.param, **numbers)) as made:
        yield made
