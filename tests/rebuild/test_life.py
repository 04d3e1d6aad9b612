"""A part of the real graph lives on while its views are rebuilt, verified, switched to, rolled back
and switched to again: no request fails, and everybody is served what the oracle says, page by page.
"""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foldline.settings import ProfileName, Settings
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.faults.processes import run
from tests.flow.life import SMALL, WHOLE, assert_all_is_served, lived
from tests.flow.worlds import world

FOLLOWED_S = 3.0  # until every service has followed a switch
PATIENT = replace(SMALL, settle_s=5.0)  # four workers share two cores: no answer is due at once
GREAT = replace(WHOLE, posts=90_000, changes=1_500, settle_s=5.0)
SIZE, MAX_S = (GREAT, 5_400) if "FOLDLINE_GREAT_LIFE" in os.environ else (PATIENT, 600)


async def rebuild(settings: Settings, *arguments: str) -> Any:
    """`foldline rebuild`, which must end well; what it says in JSON."""
    numbers = {name: getattr(settings, name) for name in settings.model_fields_set}
    code, out, err = await run("rebuild", *arguments, "--json", numbers=numbers)
    assert code == 0, out + err
    return json.loads(out)


@pytest.mark.full
@pytest.mark.timeout(MAX_S)
@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_life_goes_on_through_a_rebuild_and_back(
    profile: ProfileName, world_settings: WorldSettings, tmp_path: Path
) -> None:
    settings = world_settings(profile, **SIZE.settings, after_wait_s=SIZE.settle_s)
    building: list[asyncio.Task[Any]] = []

    async def meanwhile(turn: int) -> None:
        if turn == 0:  # built while the next round goes on
            building.append(asyncio.create_task(rebuild(settings, "start")))
        elif turn == 1:
            assert (await building[0])["generation"] == 2
            verified = await rebuild(settings, "verify")
            assert verified["everyone"] and verified["clean"], verified
            assert verified["differing"] == {"1": 0, "2": 0}
            assert await rebuild(settings, "switch") == {"served": 2, "overridden": []}
        elif turn == 2:
            assert await rebuild(settings, "rollback") == {"served": 1, "overridden": []}
        else:
            await rebuild(settings, "switch", "2")
        await asyncio.sleep(FOLLOWED_S)

    async with world(settings) as running:
        people = await lived(running, SIZE, tmp_path / "graph.json", meanwhile)
        await rebuild(settings, "drop", "1")
        await people.client.folded()
        await assert_all_is_served(people)
        assert people.client.repeats == 0, "some request failed"
        print(f"{sum(await running.profile.log.ends()):,} events")
        assert (await running.profile.control.active_generation()).number == 2
        assert [each.number for each in await running.profile.control.generations()] == [2]
