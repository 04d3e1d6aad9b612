"""The real graph lives for a while; then everybody must be served what the oracle says.

The numbers are small, so that every boundary is crossed: authors become celebrities and cease to be
it, audiences are backfilled beyond the cap, timelines are trimmed and read on below their floors.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from app.graph import read_graph
from foldline.core.codec import Codec
from foldline.core.span import Span
from foldline.settings import ProfileName
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.graph import REED98, densest
from tests.flow.lanes import run_lanes
from tests.flow.people import People
from tests.flow.walks import (
    accounts_listed,
    all_faults,
    graph_faults,
    home_faults,
    profile_faults,
    tweets_faults,
)
from tests.flow.worlds import World, world

LIMITS = (20, 33, 50, 7, *[100] * 52)  # small pages are many: a few users' only
BATCH = 2_000  # records and rows that a test reads at once


@dataclass(frozen=True)
class Size:
    people: int
    posts: int
    changes: int  # in each round
    border: int  # authors who cross the threshold again and again
    promote_at: int
    demote_below: int
    cap: int
    settle_s: float


SMALL = Size(80, 240, 20, 2, promote_at=40, demote_below=32, cap=8, settle_s=0.6)
WHOLE = Size(962, 5_000, 100, 6, promote_at=100, demote_below=75, cap=40, settle_s=2.0)
ROUNDS = 4
NEWCOMERS = 3


async def test_a_part_of_the_graph(world_settings: WorldSettings, tmp_path: Path) -> None:
    await _flow("embedded", SMALL, world_settings, tmp_path)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_the_whole_graph(
    profile: ProfileName, world_settings: WorldSettings, tmp_path: Path
) -> None:
    await _flow(profile, WHOLE, world_settings, tmp_path)


async def _flow(
    profile: ProfileName, size: Size, world_settings: WorldSettings, tmp_path: Path
) -> None:
    settings = world_settings(
        profile,
        promote_at=size.promote_at,
        demote_below=size.demote_below,
        cap=size.cap,
        trim_samples=8,
        celebrity_cache_s=0.05,
        request_timeout_s=size.settle_s,
        buckets=16,
    )
    graph = densest(read_graph(REED98), size.people)
    async with world(settings) as running:
        people = People(running.client, Random(98))
        await people.settle_in(running, graph, tmp_path / "checkpoint.json")
        await _live(running, people, size)
        await _arrive_late(people, size)
        await _compare(running, people)
        await _boundaries_were_crossed(running, people, size)


async def _live(running: World, people: People, size: Size) -> None:
    """Rounds of everything at once; in each, the authors at the border lose their audiences, or
    get them back."""
    sizes = people.audience_sizes()
    border = sorted(
        (author for author in sizes if sizes[author] >= size.promote_at), key=lambda a: sizes[a]
    )[: size.border]
    gone: dict[int, list[int]] = {}
    for turn in range(ROUNDS):
        lanes = people.deletions(size.changes) + people.changes_of_mind(size.changes, border)
        for author in border:
            if turn % 2:
                crossing = people.come_back(author, gone[author])
            else:
                crossing, gone[author] = people.leave(author, size.demote_below - 10)
            lanes += crossing
        posts = people.posts(size.posts // ROUNDS)
        lanes += posts[::2]
        people.rng.shuffle(lanes)
        await run_lanes(lanes)
        await running.client.folded()
        # Until then the worker goes on pushing, and no reader has to merge anything in.
        await asyncio.sleep(running.settings.settle_s)
        await run_lanes(posts[1::2])
        await running.client.folded()
        oracle = running.client.oracle()
        some = people.rng.sample(sorted(people.ids.values()), 16)
        faults = await all_faults(home_faults(running.client, oracle, user, 100) for user in some)
        assert faults == [], f"in round {turn}"


async def _arrive_late(people: People, size: Size) -> None:
    """Newcomers follow authors with more tweets than a follow delivers, and get nothing else: only
    that follow can give their timelines a floor."""
    sizes = people.audience_sizes()
    authors = sorted(sizes, key=lambda author: sizes[author])[:NEWCOMERS]
    await run_lanes(lane for author in authors for lane in people.posts(size.cap + 1, author))
    await run_lanes(people.newcomers(authors))
    await people.client.folded()


async def _compare(running: World, people: People) -> None:
    client, oracle = running.client, running.client.oracle()
    everybody = sorted(people.ids.values())
    walks = [
        home_faults(client, oracle, user, LIMITS[at % len(LIMITS)])
        for at, user in enumerate(everybody)
    ]
    assert await all_faults(walks) == []
    assert await all_faults(profile_faults(client, oracle, user) for user in everybody) == []
    assert await all_faults(tweets_faults(client, oracle, user, 7) for user in everybody[::4]) == []
    assert await all_faults(graph_faults(client, oracle, u, 30) for u in everybody[::10]) == []
    assert sorted(await accounts_listed(client, "/api/v1/users", 50)) == everybody


async def _boundaries_were_crossed(running: World, people: People, size: Size) -> None:
    """What was compared is worth little unless all of this has happened."""
    crossings = await _crossings(running)
    for kind in ("AuthorPromoted", "AuthorDemoted"):
        twice = [
            author for (name, author), times in crossings.items() if name == kind and times > 1
        ]
        assert len(twice) >= size.border, f"{kind} more than once: {twice}"
    oracle = running.client.oracle()
    floors, trimmed, merged = 0, 0, 0
    for user in people.ids.values():
        rows = await running.profile.views.timeline(user, Span(limit=BATCH))
        floor = await running.profile.views.floor(user)
        assert rows.tweets.size < BATCH
        held = set(rows.tweets.tolist())
        others = [post.tweet for post in oracle.timeline(user) if post.author != user]
        floors += floor > 0
        merged += any(tweet > floor and tweet not in held for tweet in others)
        trimmed += bool(held) and floor > 0 and min(held) >= floor
    assert min(floors, trimmed, merged) > len(people.ids) // 10, (floors, trimmed, merged)


async def _crossings(running: World) -> Counter[tuple[str, int]]:
    """How often the log has each author promoted and demoted."""
    log, codec = running.profile.log, Codec()
    ends = await log.ends()
    reader = await log.reader(dict.fromkeys(range(log.partitions), 0))
    left, found = sum(ends), Counter[tuple[str, int]]()
    while left > 0:
        records = await reader.take(BATCH, wait_s=5.0)
        assert records, f"{left} records do not come"
        left -= len(records)
        for record in records:
            event = codec.decode(record.value).event
            found[type(event).__name__, event.key] += 1
    await reader.close()
    return found
