"""Verification finds what is wrong, and a repair makes it right, in views that are served."""

from collections.abc import AsyncIterator

import pytest

from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.ids import partition_of
from foldline.core.scope import Scope
from query.served import ServedReader
from streams.rebuild.verifying import Findings, Verification
from streams.repairing import Repair
from streams.tailed_ledger import TailedLedger
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.rebuild.corruptions import CORRUPTIONS, Place
from tests.rebuild.test_kills import reed
from tests.rebuild.world import DEPTH, RebuiltWorld, world_of


@pytest.fixture(scope="module", params=PROFILE_PARAMS)
async def world(
    request: pytest.FixtureRequest, module_settings: WorldSettings
) -> AsyncIterator[RebuiltWorld]:
    shape = {"partitions": 4, "cap": 50, "buckets": 16, "promote_at": 40, "demote_below": 32}
    async with world_of(module_settings(request.param, **shape)) as made:
        await made.append(reed(3, people=80, tweets=300))
        await made.fold(made.profile.generation, made.profile.views)
        yield made


def last_words() -> list[ev.Event]:
    """In each partition two events that touch nothing which is corrupted."""
    bystander = {partition_of(each, 4): each for each in range(1_000_000, 1_000_100)}
    return [ev.AccountCreated(each, f"u{each}") for each in bystander.values()] + [
        ev.AccountVerified(each) for each in bystander.values()
    ]


async def findings(world: RebuiltWorld) -> Findings:
    profile = world.profile
    ledger = await TailedLedger.open(profile.log, world.settings.log_epoch)
    found = Verification(profile.log, ledger, {1: profile.views}, reader, DEPTH)
    await found.run(await found.users(), profile.generation.buckets, lambda _: None)
    await ledger.close()
    assert found.compared == len(ledger.ledger.users())
    return found.findings[1]


def reader(views: object) -> ServedReader:
    return ServedReader(views, SystemClock(), DEPTH)  # type: ignore[arg-type]


async def place(world: RebuiltWorld) -> Place:
    log = world.profile.log
    tailed = await TailedLedger.open(log, world.settings.log_epoch)
    await tailed.advance(await log.ends())
    await tailed.close()
    ledger = tailed.ledger
    user = next(u for u in ledger.users() if ledger.accounts[u].ids and ledger.follows[u])
    return Place(world.profile.views, ledger, user)


async def test_nothing_is_found_where_nothing_is_wrong(world: RebuiltWorld) -> None:
    found = await findings(world)
    assert (found.users, found.unsettled) == (0, 0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
async def test_a_corruption_is_found_and_repaired(kind: str, world: RebuiltWorld) -> None:
    await world.append(last_words())  # what was repaired before has the stamp of the last event
    await world.fold(world.profile.generation, world.profile.views)
    at = await place(world)
    assert await at.views.progress() == dict(enumerate(at.ledger.positions))
    await at.views.apply(await CORRUPTIONS[kind](at), {})
    found = await findings(world)
    assert found.users > 0
    assert all(str(example).startswith("user ") for example in found.examples)
    scope = Scope(accounts=frozenset(each.user_id for each in found.examples))
    repair = Repair(world.profile.log, at.views, reader, world.settings, DEPTH)
    planned = await repair.run(scope, dry_run=True)
    assert (await findings(world)).users == found.users, "a dry run writes nothing"
    done = await repair.run(scope)
    assert (planned.events, planned.cells, planned.rows) == (done.events, done.cells, done.rows)
    again = await findings(world)
    assert again.users == 0, again.examples
