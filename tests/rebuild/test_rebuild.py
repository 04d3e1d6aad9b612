"""A generation built beside the one that is served, on both profiles."""

import pytest

from foldline.core import events as ev
from foldline.errors import ConflictError
from foldline.generation import Stage
from streams.rebuild.builds import Shape
from tests.rebuild.world import RebuiltWorld, history

_LONG = 6


async def test_a_rebuilt_generation_serves_what_the_log_says(empty: RebuiltWorld) -> None:
    events = history(_LONG)
    await empty.append(events[:80])
    first = empty.profile.generation
    await empty.fold(first, empty.profile.views)
    assert await empty.wrong_in(empty.profile.views) == []

    build, told = await empty.rebuild()
    stages = [each.stage for each in told]
    assert stages == [Stage.REPLAYING, Stage.FILLING, Stage.CATCHING_UP, Stage.FOLLOWING]
    assert (build.number, build.handed_over) == (2, tuple(await empty.profile.log.ends()))
    assert not list(empty.settings.data_dir.glob("rebuild-*"))
    async with empty.views(build.generation) as views:
        assert await empty.wrong_in(views) == []
        await empty.append(events[80:])
        await empty.fold(first, empty.profile.views)
        await empty.fold(build.generation, views)
        await empty.fold(first, empty.profile.views)
        assert await empty.wrong_in(views) == await empty.wrong_in(empty.profile.views) == []


async def test_another_shape_serves_the_same(empty: RebuiltWorld) -> None:
    await empty.append(history(_LONG))
    await empty.fold(empty.profile.generation, empty.profile.views)
    build, _ = await empty.rebuild(Shape(buckets=32, follower_shards=2, cap=2))
    made = build.generation
    assert (made.buckets, made.follower_shards, made.cap) == (32, 2, 2)
    async with empty.views(made) as views:
        assert await empty.wrong_in(views) == []


async def test_a_rebuild_of_another_shape_waits_for_the_unfinished_one(empty: RebuiltWorld) -> None:
    await empty.append([ev.AccountCreated(1, "ada")])
    await empty.fold(empty.profile.generation, empty.profile.views)
    build, _ = await empty.rebuild()
    assert build.number == 2
    again, _ = await empty.rebuild(Shape(cap=9))
    assert again.number == 3
    other = "another-host:1"
    assert await empty.profile.control.hold_lease("rebuild", other, 60) == other
    with pytest.raises(ConflictError, match="another-host:1 is rebuilding"):
        await empty.rebuild()
