"""A rebuild takes orders: it pauses, goes on, and is cancelled; and there is one at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app.rebuilding import GenerationStatus, set_pace, status
from foldline.generation import Stage
from tests.conftest import WorldSettings
from tests.faults.processes import FOLDLINE, environment, run
from tests.rebuild.world import RebuiltWorld, reed, world_of

_BEGUN_S = 30
_RESTS_S = 60


@pytest.fixture
async def world(world_settings: WorldSettings) -> AsyncIterator[RebuiltWorld]:
    shape = {"partitions": 4, "buckets": 16}
    async with world_of(world_settings("embedded", **shape)) as made:
        await made.append(reed(7))
        yield made


def _at(status: GenerationStatus, pace: float) -> dict[str, Any]:
    """The progress as it was, at another pace."""
    assert status.progress is not None
    return status.progress | {"pace": pace}


async def test_it_pauses_goes_on_and_is_cancelled(world: RebuiltWorld) -> None:
    settings, profile = world.settings, world.profile
    numbers = {name: getattr(settings, name) for name in settings.model_fields_set}
    running = await asyncio.create_subprocess_exec(
        *(*FOLDLINE, "rebuild", "start"),
        env=environment(numbers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_BEGUN_S):
        while not await profile.control.builds():
            await asyncio.sleep(0.02)
    assert await set_pace(profile, 0.0) == 2
    async with asyncio.timeout(_RESTS_S):
        while True:
            (_, first) = await status(profile, settings)
            await asyncio.sleep(3.0)
            (served, second) = await status(profile, settings)
            if first == second and first.progress and first.progress["done"]:
                break
    assert (served.served, second.served) == (True, False)
    assert second.progress is not None and second.progress["pace"] == 0.0

    code, _, why = await run("rebuild", "start", numbers=numbers)
    assert code == 1
    assert "is rebuilding: wait for it" in why
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(running.wait(), 0.1)

    await set_pace(profile, 0.1)
    async with asyncio.timeout(_RESTS_S):
        while (await status(profile, settings))[1] == replace(second, progress=_at(second, 0.1)):
            await asyncio.sleep(0.1)
    await set_pace(profile, 0.0)
    code, _, why = await run("rebuild", "cancel", numbers=numbers)
    assert code == 0, why
    _, said = await running.communicate()
    assert running.returncode == 1
    assert "generation 2 was cancelled" in said.decode()
    (build,) = await profile.control.builds()
    assert build.stage is Stage.DROPPED
    assert [each.number for each in await profile.control.generations()] == [1]
    assert not list(settings.data_dir.glob("rebuild-*"))
    assert not list(settings.data_dir.glob("views-g2*"))
