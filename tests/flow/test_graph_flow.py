"""The real graph lives for a while; then everybody must be served what the oracle says."""

from collections import Counter
from pathlib import Path

import pytest

from foldline.core.codec import Codec
from foldline.core.span import Span
from foldline.settings import Settings
from tests.conftest import WorldSettings
from tests.flow.caches import own_redis
from tests.flow.life import (
    SMALL,
    WHOLE,
    Meanwhile,
    Size,
    assert_all_is_served,
    lived,
    nothing,
)
from tests.flow.people import People
from tests.flow.worlds import World, world
from tests.oracle.oracle import Oracle

BATCH = 2_000  # records and rows that a test reads at once


async def test_a_part_of_the_graph(world_settings: WorldSettings, tmp_path: Path) -> None:
    await _flow(world_settings("embedded", **SMALL.settings), SMALL, tmp_path)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("cache", ["on", "off"])
async def test_the_whole_graph(cache: str, world_settings: WorldSettings, tmp_path: Path) -> None:
    await _flow(world_settings("embedded", cache=cache, **WHOLE.settings), WHOLE, tmp_path)


@pytest.mark.full
@pytest.mark.engines
@pytest.mark.timeout(1200)
async def test_the_whole_graph_with_the_shared_cache_emptied_and_killed(
    world_settings: WorldSettings, tmp_path: Path
) -> None:
    async with own_redis(tmp_path) as server:

        async def meanwhile(turn: int) -> None:
            await [server.flush, server.kill, server.start, server.flush][turn]()

        settings = world_settings("distributed", **WHOLE.settings)
        own = settings.model_copy(update={"redis_url": server.url})
        await _flow(own, WHOLE, tmp_path, meanwhile)


async def _flow(
    settings: Settings, size: Size, tmp_path: Path, meanwhile: Meanwhile = nothing
) -> None:
    async with world(settings) as running:
        people = await lived(running, size, tmp_path / "checkpoint.json", meanwhile)
        oracle = await assert_all_is_served(people)
        await _boundaries_were_crossed(running, people, oracle, size)
        _everything_happened(oracle)


def _everything_happened(oracle: Oracle) -> None:
    """And all of this stands, too."""
    ledger = oracle.ledger
    assert min(map(len, (ledger.blocks, ledger.mutes, ledger.retweets))) > 0
    accounts = ledger.accounts.values()
    for state in ("suspended", "deleted", "verified"):
        assert any(getattr(account, state) for account in accounts), state
    best = [oracle.engagement(tweet) for tweet in ledger.posts if oracle.visible(tweet)]
    assert max(each.likes for each in best) > 3
    assert max(each.replies for each in best) > 1
    assert any(len(oracle.ancestors(tweet)) > 1 for tweet in ledger.posts)


async def _boundaries_were_crossed(
    running: World, people: People, oracle: Oracle, size: Size
) -> None:
    """What was compared is worth little unless all of this has happened."""
    crossings = await _crossings(running)
    for kind in ("AuthorPromoted", "AuthorDemoted"):
        twice = [
            author for (name, author), times in crossings.items() if name == kind and times > 1
        ]
        assert len(twice) >= size.border, f"{kind} more than once: {twice}"
    floors, trimmed, merged = 0, 0, 0
    for user in people.everybody:
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
