"""Explanations, timelines as they were, and the audit: on a world with a history."""

import asyncio
import time
from random import Random

import pytest

from foldline.core import events as ev
from foldline.core.ledger import Ledger
from foldline.core.position import Position
from foldline.core.served import home
from foldline.errors import InvalidError, NotFoundError
from streams.as_of import ends_at, ends_behind, ledger_at
from streams.explaining import explain
from tests.rebuild.corruptions import CORRUPTIONS, last_words, place
from tests.rebuild.world import RebuiltWorld, reader, reed

PAIRS = 150
LATE = 5_000_000


async def test_every_entry_present_or_absent_is_explained(graph_world: RebuiltWorld) -> None:
    log, views = graph_world.profile.log, graph_world.profile.views
    ledger = await ledger_at(log, 0, await log.ends())
    quiet = [u for u in ledger.users() if ledger.accounts[u].ids and not _celebrity(ledger, u)]
    await graph_world.append([ev.AccountCreated(LATE, "late"), ev.UserFollowed(LATE, quiet[0])])
    await graph_world.fold(graph_world.profile.generation, views)
    ledger = await ledger_at(log, 0, await log.ends())
    rng, paths, rules = Random(4), set[str](), set[str]()
    tweets = sorted(ledger.authors)
    served = reader(views)
    for _ in range(PAIRS):
        viewer, tweet = rng.choice([*ledger.users(), *[LATE] * 10]), rng.choice(tweets)
        if rng.random() < 0.5:
            tweet = rng.choice([*home(ledger, viewer), tweet])
        found = await explain(log, views, served, 0, viewer, tweet)
        assert found.due == found.served == (tweet in home(ledger, viewer))
        assert (found.path is None) == (found.rule is not None) == (not found.due)
        assert any(f"posted {tweet}" in cause.what for cause in found.causes)
        paths.add((found.path or "-").split(":")[0].split(" the floor")[0])
        rules.add((found.rule or "-").rstrip("0123456789"))
    assert paths == {"-", "own", "push", "backfill", "celebrity merge", "below"}
    assert {"the viewer does not follow ", "-"} <= rules
    with pytest.raises(NotFoundError, match="never heard of tweet 5"):
        await explain(log, views, served, 0, viewer, 5)


async def test_what_is_not_served_though_it_should_be_is_told(graph_world: RebuiltWorld) -> None:
    await graph_world.append(last_words())
    await graph_world.fold(graph_world.profile.generation, graph_world.profile.views)
    at = await place(graph_world)
    await at.views.apply(await CORRUPTIONS["truncated_bucket"](at), {})
    served = reader(at.views)
    home_now = set(await served.home(at.user))
    lost = next(tweet for tweet in home(at.ledger, at.user) if tweet not in home_now)
    found = await explain(graph_world.profile.log, at.views, served, 0, at.user, lost)
    assert (found.due, found.served) == (True, False)
    assert found.path is not None and "writes it anew" in found.path
    async with graph_world.audit() as audit:
        done = await audit.round(1_000, repair=True)
        assert at.user in done.accounts_wrong
        assert done.wrong > 0 and done.drift == done.wrong * 1e6 / done.entries
        assert done.repaired is True
        assert (await audit.round(1_000, repair=True)).wrong == 0
    assert (await explain(graph_world.profile.log, at.views, served, 0, at.user, lost)).served


async def test_a_timeline_is_told_as_it_was(graph_world: RebuiltWorld) -> None:
    log, views = graph_world.profile.log, graph_world.profile.views
    then = await log.ends()
    ledger = await ledger_at(log, 0, then)
    was = {user: await reader(views).home(user) for user in ledger.users()}
    await asyncio.sleep(0.05)
    at_ms = time.time_ns() // 1_000_000
    await asyncio.sleep(0.05)
    later = reed(3, people=80, tweets=320)[-60:]
    await graph_world.append(later)
    await graph_world.fold(graph_world.profile.generation, views)
    assert await ends_at(log, 0, at_ms) == then
    for ends in (then, await ends_behind(log, 0, [Position(p, e - 1) for p, e in enumerate(then)])):
        again = await ledger_at(log, 0, ends)
        assert again.positions == then
        assert {user: tuple(home(again, user)) for user in again.users()} == was
    now = await ledger_at(log, 0, await log.ends())
    assert {user: tuple(home(now, user)) for user in now.users()} != was
    with pytest.raises(InvalidError, match="the log has nothing at 0-99999"):
        await ends_behind(log, 0, [Position(0, 99_999)])


def _celebrity(ledger: Ledger, user: int) -> bool:
    return ledger.accounts[user].celebrity
