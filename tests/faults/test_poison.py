"""Events that can't be folded: each is listed once, and its partition goes on. One that is newer
than the worker halts its partition, until the worker is updated."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from foldline.core.events import TweetPosted
from foldline.settings import Settings
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.faults.poisons import POISONS, encoded, newer
from tests.faults.processes import run
from tests.faults.sites import Site, site_of
from tests.faults.town import until
from tests.flow.walks import all_faults, home_faults
from tests.oracle.commands import Posted

pytestmark = pytest.mark.full

KILLS = 3
PATIENCE_S = 30.0


@pytest.fixture(params=PROFILE_PARAMS)
def settings(request: pytest.FixtureRequest, world_settings: WorldSettings) -> Settings:
    return world_settings(request.param, partitions=3, session_timeout_s=6.0)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with site_of(settings) as opened:
        yield opened


async def letters(site: Site, *arguments: str) -> tuple[int, str, str]:
    """`foldline dead-letters` with these arguments."""
    return await run("dead-letters", *arguments, numbers=site.numbers)


async def listed(site: Site) -> dict[str, Any]:
    """The dead letters by position, each of which is listed once."""
    code, out, err = await letters(site, "list", "--json")
    assert code == 0, err
    found = [orjson.loads(line) for line in out.splitlines()]
    assert len({letter["position"] for letter in found}) == len(found)
    return {letter["position"]: letter for letter in found}


async def assert_served(site: Site, *users: int) -> None:
    await site.client.folded()
    oracle = site.client.oracle()
    assert await all_faults(home_faults(site.client, oracle, u, limit=50) for u in users) == []


def misplaced_tweet(author: int) -> TweetPosted:
    """A tweet that nobody acknowledged."""
    return TweetPosted(author, (time.time_ns() // 1_000_000 - 1_704_067_200_000) << 22, "misplaced")


async def test_each_is_listed_once_and_its_partition_goes_on(site: Site) -> None:
    ada, bob, cyd = await site.apart(3)
    await site.client.follow(bob, ada)
    await site.client.follow(cyd, ada)
    sound = misplaced_tweet(ada)
    expected: dict[str, tuple[str, bytes | None]] = {}

    async def poison() -> None:
        for error, of in POISONS.items():
            expected[await site.put(site.home(ada), of(sound))] = error, of(sound)
            await site.client.post(ada, f"behind: {error}")

    async def kill() -> None:
        for _ in range(KILLS):
            await site.kill()

    await asyncio.gather(poison(), kill())
    stray = await site.put(site.home(bob), encoded(sound))
    expected[stray] = f"belongs in partition {site.home(ada)}", encoded(sound)
    await site.put(site.home(ada), encoded(TweetPosted(nobody(site, ada), 7, "of no account")))
    await site.client.post(ada, "the last")
    await site.client.post(bob, "the last")
    await assert_served(site, ada, bob, cyd)

    found = await listed(site)
    assert set(found) == set(expected)
    for position, (error, value) in expected.items():
        assert error in found[position]["error"]
        assert found[position]["value"] == (None if value is None else value.hex())
    await replay(site, stray, site.home(ada), list(expected)[:2])
    site.client.acknowledged.append(Posted(ada, sound.tweet_id, sound.text))
    await site.client.post(ada, "behind the replay")
    await assert_served(site, ada, bob, cyd)

    found = await listed(site)
    await site.fold_again()
    await assert_served(site, ada, bob, cyd)
    assert await listed(site) == found


async def replay(site: Site, stray: str, home: int, hopeless: list[str]) -> None:
    """Replay the stray to where it belongs; what can't be read is refused, and says so."""
    async with site.alone():
        code, out, err = await letters(site, "replay", stray)
        assert code == 0, err
        copy = out.strip()
        assert copy.startswith(f"{home}-")
        for position in hopeless:
            code, out, err = await letters(site, "replay", position)
            assert (code, out) == (1, "")
            assert f"{position} can't be replayed by this version" in " ".join(err.split())
    code, out, err = await letters(site, "show", stray)
    assert code == 0, err
    shown = orjson.loads(out)
    assert (shown["replayed_to"], shown["event"]["event"]["text"]) == ([copy], "misplaced")
    code, _, err = await letters(site, "show", "0-999999")
    assert (code, "there is no dead letter at 0-999999" in err) == (1, True)
    assert (await letters(site, "show", "nonsense"))[0] == 2


def nobody(site: Site, neighbour: int) -> int:
    """An id that is no account's, in the partition of this one."""
    return next(n for n in range(1, 99) if site.home(n) == site.home(neighbour))


async def test_newer_version_halts_its_partition_until_the_update(site: Site) -> None:
    ada, bob = await site.apart(2)
    await site.client.follow(bob, ada)
    await site.client.follow(ada, bob)
    await assert_served(site, ada, bob)
    tweet = misplaced_tweet(ada)
    halted_at = await site.put(site.home(ada), newer(tweet))

    async def red() -> bool:
        trouble = await site.trouble()
        return trouble is not None and halted_at in trouble and "newer" in trouble

    await until("red health", red, PATIENCE_S)
    held_up = await site.client.post(ada, "behind the newer one")
    for number in range(20):
        await site.client.post(bob, f"elsewhere {number}")
    offset = int(halted_at.split("-")[1])

    async def others_are_folded() -> bool:
        committed, progress = await site.progress()
        assert committed.get(site.home(ada), 0) <= progress[site.home(ada)] == offset
        return progress[site.home(bob)] > site.client.positions[site.home(bob)]

    await until("the other partition to go on", others_are_folded, PATIENCE_S)
    assert await red()
    assert await listed(site) == {}
    shown = await site.client.get("/api/v1/timeline", ada, limit=100)
    assert {each["user_id"] for each in shown["tweets"]} == {str(bob)}

    await site.update()
    site.client.acknowledged.append(Posted(ada, tweet.tweet_id, tweet.text))
    await assert_served(site, ada, bob)
    assert site.client.places[held_up][1] == offset + 1

    async def green() -> bool:
        return await site.trouble() is None

    await until("green health", green, PATIENCE_S)
