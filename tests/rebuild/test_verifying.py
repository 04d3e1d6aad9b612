"""Verification finds what is wrong, and a repair makes it right, in views that are served."""

import pytest

from foldline.core.scope import Scope
from streams.rebuild.verifying import Findings, Verification
from streams.repairing import Repair
from streams.tailed_ledger import TailedLedger
from tests.rebuild.corruptions import CORRUPTIONS, last_words, place
from tests.rebuild.world import DEPTH, RebuiltWorld, reader


async def findings(world: RebuiltWorld) -> Findings:
    profile = world.profile
    ledger = await TailedLedger.open(profile.log, world.settings.log_epoch)
    found = Verification(profile.log, ledger, {1: profile.views}, reader, DEPTH)
    await found.run(await found.users(), profile.generation.buckets, lambda _: None)
    await ledger.close()
    assert found.compared == len(ledger.ledger.users())
    return found.findings[1]


async def test_nothing_is_found_where_nothing_is_wrong(graph_world: RebuiltWorld) -> None:
    found = await findings(graph_world)
    assert (found.users, found.unsettled) == (0, 0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
async def test_a_corruption_is_found_by_both_and_repaired(
    kind: str, graph_world: RebuiltWorld
) -> None:
    world = graph_world
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
    assert planned.events > 0
    async with world.audit() as audit:
        done = await audit.round(1_000, repair=True)
    assert done.accounts_wrong == sorted(found.accounts)
    assert done.repaired
    again = await findings(world)
    assert again.users == 0, again.examples
