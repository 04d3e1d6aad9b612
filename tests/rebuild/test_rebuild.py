"""A generation built beside the one that is served, on both profiles."""

from collections.abc import AsyncIterator

import pytest

from foldline.core import events as ev
from foldline.errors import ConflictError
from foldline.generation import Stage
from streams.rebuild.builds import Shape
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.rebuild.world import SMALL, RebuiltWorld, history, world_of

_LONG = 6


@pytest.fixture(params=PROFILE_PARAMS)
async def world(
    request: pytest.FixtureRequest, world_settings: WorldSettings
) -> AsyncIterator[RebuiltWorld]:
    async with world_of(world_settings(request.param, **SMALL)) as made:
        yield made


async def test_a_rebuilt_generation_serves_what_the_log_says(world: RebuiltWorld) -> None:
    events = history(_LONG)
    await world.append(events[:80])
    first = world.profile.generation
    await world.fold(first, world.profile.views)
    assert await world.wrong_in(world.profile.views) == []

    build, told = await world.rebuild()
    stages = [each.stage for each in told]
    assert stages == [Stage.REPLAYING, Stage.FILLING, Stage.CATCHING_UP, Stage.FOLLOWING]
    assert (build.number, build.handed_over) == (2, tuple(await world.profile.log.ends()))
    assert not list(world.settings.data_dir.glob("rebuild-*"))
    async with world.views(build.generation) as views:
        assert await world.wrong_in(views) == []
        await world.append(events[80:])
        await world.fold(first, world.profile.views)
        await world.fold(build.generation, views)
        await world.fold(first, world.profile.views)
        assert await world.wrong_in(views) == await world.wrong_in(world.profile.views) == []


async def test_another_shape_serves_the_same(world: RebuiltWorld) -> None:
    await world.append(history(_LONG))
    await world.fold(world.profile.generation, world.profile.views)
    build, _ = await world.rebuild(Shape(buckets=32, follower_shards=2, cap=2))
    made = build.generation
    assert (made.buckets, made.follower_shards, made.cap) == (32, 2, 2)
    async with world.views(made) as views:
        assert await world.wrong_in(views) == []


async def test_a_rebuild_of_another_shape_waits_for_the_unfinished_one(world: RebuiltWorld) -> None:
    await world.append([ev.AccountCreated(1, "ada")])
    await world.fold(world.profile.generation, world.profile.views)
    build, _ = await world.rebuild()
    assert build.number == 2
    again, _ = await world.rebuild(Shape(cap=9))
    assert again.number == 3
    other = "another-host:1"
    assert await world.profile.control.hold_lease("rebuild", other, 60) == other
    with pytest.raises(ConflictError, match="another-host:1 is rebuilding"):
        await world.rebuild()
