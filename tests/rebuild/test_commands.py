"""The commands that ask, audit and repair, as an operator types them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app import auditing
from streams.auditing import Round
from tests.conftest import WorldSettings
from tests.faults.processes import run
from tests.rebuild.corruptions import CORRUPTIONS, last_words, place
from tests.rebuild.world import RebuiltWorld, reed, world_of

Typed = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def world(world_settings: WorldSettings) -> AsyncIterator[RebuiltWorld]:
    async with world_of(world_settings("embedded", partitions=4)) as made:
        await made.append([*reed(2, people=40, tweets=100), *last_words()])
        await made.fold(made.profile.generation, made.profile.views)
        yield made


@pytest.fixture
def typed(world: RebuiltWorld) -> Typed:
    settings = world.settings
    numbers = {name: getattr(settings, name) for name in settings.model_fields_set}

    async def command(*arguments: str) -> tuple[int, str, str]:
        return await run(*arguments, numbers=numbers)

    return command


async def told(typed: Typed, *arguments: str, code: int = 0) -> Any:
    found, out, err = await typed(*arguments, "--json")
    assert found == code, out + err
    return json.loads(out)


async def test_a_loss_is_explained_found_and_repaired(world: RebuiltWorld, typed: Typed) -> None:
    at = await place(world)
    name = f"u{at.user}"
    timeline = await told(typed, "timeline", name, "--limit", "5")
    assert timeline["viewer"] == str(at.user)
    assert timeline["entries"] == (await told(typed, "timeline", str(at.user)))["entries"][:5]
    lost = str((await at.rows())[0])
    assert (await told(typed, "explain", name, lost))["served"] is True
    await at.views.apply(await CORRUPTIONS["truncated_bucket"](at), {})
    found = await told(typed, "explain", name, lost, code=1)
    assert (found["tweet"], found["due"], found["served"]) == (lost, True, False)
    assert "but it is not served" in (await typed("explain", name, lost))[1]

    one = await told(typed, "audit", "--rounds", "1", "--per-minute", "6000", "--no-repair", code=1)
    assert at.user in one["accounts_wrong"] and one["repaired"] is None
    assert (await told(typed, "status"))["audit"]["wrong"] == one["wrong"]
    assert ", not repaired" in (await typed("status"))[1]
    planned = await told(typed, "rebuild", "repair", "--user", name, "--dry-run")
    assert planned["rows"] > 0
    assert (await told(typed, "rebuild", "repair", "--user", name))["rows"] == planned["rows"]
    again = await told(typed, "audit", "--rounds", "1", "--per-minute", "6000")
    assert again["wrong"] == 0
    assert await world.profile.control.repairs(1) == 1
    verified = await told(typed, "rebuild", "verify", "1")
    assert verified["clean"] and verified["accounts"] == again["accounts"]


async def test_scopes_are_named(typed: Typed, world: RebuiltWorld) -> None:
    await told(typed, "rebuild", "repair", "--view", "timelines")
    await told(typed, "rebuild", "repair", "--author", f"u{(await place(world)).user}")
    long_ago = await told(typed, "rebuild", "repair", "--until", "2023-01-01")
    assert long_ago["rows"] == 0
    for wrong in ((), ("--view", "nothing")):
        code, _, why = await typed("rebuild", "repair", *wrong)
        assert code == 2, why
    code, _, why = await typed("rebuild", "repair", "--user", "nobody")
    assert (code, "no account named 'nobody'" in why) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("explain", "nobody", "5"), "no account named 'nobody'"),
        (("explain", "1", "5"), "never heard of tweet 5"),
        (("timeline", "1", "--as-of", "yesterday"), "neither a time"),
        (("timeline", "1", "--as-of", "0-999999"), "the log has nothing at 0-999999"),
        (("timeline", "1", "--as-of", "2020-01-01"), "there was no account 1 then"),
        (("rebuild", "verify"), "no generation is kept beside"),
        (("rebuild", "rollback"), "no generation was served before 1"),
        (("rebuild", "drop", "1"), "generation 1 is served"),
        (("rebuild", "cancel"), "no rebuild is under way"),
        (("rebuild", "pace", "0.5"), "no rebuild is under way"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_line(
    arguments: tuple[str, ...], why: str, typed: Typed
) -> None:
    code, out, err = await typed(*arguments)
    assert (code, out) == (1, "")
    assert why in err and "Traceback" not in err


async def test_a_dry_run_tells_what_it_comes_to(typed: Typed, world: RebuiltWorld) -> None:
    found = await told(typed, "rebuild", "start", "--dry-run")
    assert found["events"] == sum(await world.profile.log.ends())
    assert found["rows"] > 0 and found["seconds"] > 0
    assert await world.profile.control.builds() == []


async def test_an_audit_follows_a_switch(world: RebuiltWorld) -> None:
    build, _ = await world.rebuild()
    stop, rounds = asyncio.Event(), list[Round]()

    def tell(found: Round) -> None:
        rounds.append(found)
        if found.generation == build.number:
            stop.set()

    done = auditing.audit(
        world.profile, world.settings, 60_000, stop, tell, repair=False, port=None
    )
    running = asyncio.create_task(done)
    async with asyncio.timeout(60):
        while not rounds:
            await asyncio.sleep(0.01)
        assert rounds[-1].generation == 1
        assert await world.profile.control.activate(build.number, instead_of=1)
        await running
    assert [found.wrong for found in rounds] == [0] * len(rounds)
