"""A release whose views have another schema: what it adds is empty in the generation that stands,
and filled from the log in the one that is built beside it."""

import asyncio
import sqlite3
import sys

import pytest

from foldline.cassandra_driver import connect, views_keyspace
from tests.rebuild.commands import ran, said
from tests.rebuild.world import RebuiltWorld, reed

LATER = (sys.executable, "-m", "tests.rebuild.later_release")
TWEETS = 100


@pytest.fixture
async def world(empty: RebuiltWorld) -> RebuiltWorld:
    await empty.append(reed(2, people=40, tweets=TWEETS))
    await empty.fold(empty.profile.generation, empty.profile.views)
    return empty


def lengths(world: RebuiltWorld, number: int) -> dict[str, int | None]:
    """Of the texts of a generation, as the later release wrote them."""
    query = "SELECT text, length FROM tweets_by_id"
    if world.settings.profile == "distributed":
        session = connect(world.settings, views_keyspace(world.settings, number))
        try:
            return {text: length for text, length in session.execute(query) if text}
        finally:
            session.cluster.shutdown()
    path = world.settings.data_dir / f"views-g{number}.sqlite"
    with sqlite3.connect(path) as connection:
        return {text: length for text, length in connection.execute(query) if text}


async def test_a_rebuild_fills_what_a_later_release_adds(world: RebuiltWorld) -> None:
    if world.settings.profile == "distributed":
        code, why = await said(world, "start", command=LATER)
        assert code == 1 and "Run `foldline migrate`" in why
        assert (await ran(world, "migrate", command=LATER))[0] == 0
    assert (await said(world, "start", command=LATER))[0] == 0
    code, found = await said(world, "verify", "--json", command=LATER)
    assert (code, found["clean"]) == (0, True), found
    assert (await said(world, "switch", "--json", command=LATER))[1]["served"] == 2

    before, after = [await asyncio.to_thread(lengths, world, number) for number in (1, 2)]
    assert set(before) >= set(after) and len(after) > TWEETS / 2
    assert set(before.values()) == {None}
    assert after == {text: len(text) for text in after}

    assert await world.wrong_in(world.profile.views) == [], "this release goes on with what it has"
    async with world.views((await world.profile.control.generations())[-1]) as views:
        assert await world.wrong_in(views) == [], "and could serve the new one"
    assert (await said(world, "rollback", "--json"))[1] == {"served": 1, "overridden": []}
