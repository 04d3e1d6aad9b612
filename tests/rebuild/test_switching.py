"""What may be switched to, and what is refused."""

import sys
from collections.abc import AsyncIterator

import pytest

from foldline.core import events as ev
from foldline.errors import ConflictError, NotFoundError
from foldline.generation import Stage
from streams.rebuild.switching import cancel, drop, roll_back, switch
from tests.conftest import WorldSettings
from tests.rebuild.commands import said
from tests.rebuild.world import SMALL, RebuiltWorld, reed, world_of

BUGGY = (sys.executable, "-m", "tests.rebuild.buggy_release")


@pytest.fixture
async def world(world_settings: WorldSettings) -> AsyncIterator[RebuiltWorld]:
    async with world_of(world_settings("embedded", **SMALL)) as made:
        await made.append(reed(2, people=40, tweets=100))
        await made.fold(made.profile.generation, made.profile.views)
        yield made


async def served(world: RebuiltWorld) -> int:
    return (await world.profile.control.active_generation()).number


async def removed(number: int) -> None:
    """Nothing stands in the way of a test here."""


async def test_a_bug_of_the_fold_is_found_before_it_is_served(world: RebuiltWorld) -> None:
    assert (await said(world, "start", command=BUGGY))[0] == 0
    code, found = await said(world, "verify", "--json")
    assert (code, found["clean"], found["differing"]["1"]) == (1, False, 0)
    assert found["differing"]["2"] > 0
    assert any("following: extra" in example for example in found["examples"]["2"])
    code, why = await said(world, "switch")
    assert code == 1
    assert f"{found['differing']['2']} of {found['accounts']} accounts differ" in why
    assert await served(world) == 1
    code, forced = await said(world, "switch", "--force", "--json")
    assert (code, forced["served"]) == (0, 2)
    assert "accounts differ" in forced["overridden"][0]
    assert (await said(world, "rollback", "--json"))[1] == {"served": 1, "overridden": []}
    assert await served(world) == 1


async def test_what_was_not_verified_is_not_served(world: RebuiltWorld) -> None:
    profile, settings = world.profile, world.settings
    with pytest.raises(NotFoundError, match="no generation 2 was ever built"):
        await switch(profile, settings, 2, force=True)
    build, _ = await world.rebuild()
    with pytest.raises(ConflictError, match="it was never verified"):
        await switch(profile, settings, 2, force=False)
    assert (await said(world, "verify", "--sample", "5", "--json"))[0] == 0
    with pytest.raises(ConflictError, match="only 5 accounts were verified, not everyone"):
        await switch(profile, settings, 2, force=False)
    assert (await said(world, "verify"))[0] == 0
    await world.append([ev.AccountUpdated(1, bio=f"{at}") for at in range(1_100)])
    with pytest.raises(ConflictError, match="it is 1,100 events behind the log"):
        await switch(profile, settings, 2, force=False)
    async with world.views(build.generation) as views:
        await world.fold(build.generation, views)
    assert await switch(profile, settings, 2, force=False) == []
    assert await switch(profile, settings, 2, force=False) == [], "it is served already"
    with pytest.raises(ConflictError, match="1,100 events behind"):
        await roll_back(profile, settings, force=False)


async def test_only_what_is_not_served_is_dropped(world: RebuiltWorld) -> None:
    profile, settings = world.profile, world.settings
    with pytest.raises(ConflictError, match="generation 1 is served"):
        await drop(profile, settings, 1, removed)
    with pytest.raises(ConflictError, match="no generation was served before 1"):
        await roll_back(profile, settings, force=False)
    with pytest.raises(NotFoundError, match="there is no generation 7"):
        await drop(profile, settings, 7, removed)
    with pytest.raises(NotFoundError, match="no rebuild is under way"):
        await cancel(profile, settings, removed)
    await world.rebuild()
    await drop(profile, settings, 2, removed)
    await drop(profile, settings, 2, removed)
    assert [each.number for each in await profile.control.generations()] == [1]
    (build,) = await profile.control.builds()
    assert build.stage is Stage.DROPPED
    with pytest.raises(ConflictError, match="generation 2 is dropped: it can't be served"):
        await switch(profile, settings, 2, force=True)
    again, _ = await world.rebuild()
    assert again.number == 3, "a number is never used again"
