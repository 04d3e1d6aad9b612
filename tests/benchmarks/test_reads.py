"""The load is what it says, and what is measured of reads reads what it should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat

import numpy as np
import orjson
import pytest
from aiohttp import web

from benchmarks.reads.client import Heards, Pace, connections, saturated
from benchmarks.reads.cold import cold, driver
from benchmarks.reads.hits import Hits
from benchmarks.reads.mixed import mixed
from benchmarks.reads.paced import deep_pages, paced
from benchmarks.reads.people import Crowd, crowd
from benchmarks.reads.scene import PAGE, Scene, scene
from benchmarks.reads.warm import bare, bodies, most
from benchmarks.services import service
from infra.engines import EngineStack

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
STALL_S = 0.4


@pytest.fixture(scope="module")
def people() -> Crowd:
    return crowd(120, 30, 20, 20_000, celebrities=3, heavy=5)


@pytest.fixture(scope="module")
async def filled(engines: EngineStack, people: Crowd) -> AsyncIterator[Scene]:
    async with scene(engines, people) as ready:
        yield ready


@asynccontextmanager
async def server(stalls_at: int = -1, status: int = 200) -> AsyncIterator[int]:
    """Its port. It does nothing at all for a while at one of its requests."""
    seen = 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen == stalls_at:
            await asyncio.sleep(STALL_S)
        return web.Response(body=b"x" * 5_000, status=status)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_stall_is_seen_by_all_that_it_holds_up() -> None:
    async with server(stalls_at=10) as port:
        heards, pace = Heards(), Pace(await connections(port, 1))
        await pace.keep(repeat(REQUEST), 100, 1, heards)
        pace.close()
    late = [ms for ms in heards.ms if ms > 100]
    assert len(heards.ms) == 100
    assert len(late) >= 20  # those due in the stall, not the one request that stalled
    assert max(late) >= STALL_S * 1000


async def test_a_refusal_is_no_success() -> None:
    async with server(status=503) as port:
        heards, took = await saturated(port, [REQUEST], 0.2)
    assert heards.failed == len(heards.ms) > 0
    assert took >= 0.2


def test_a_crowd_is_who_it_should_be(people: Crowd) -> None:
    assert people.viewers == 120
    for followers in people.followers:
        assert set(range(1, 6)) <= set(followers.tolist())
        assert np.array_equal(followers, np.unique(followers))
    assert people.celebrities.tolist() == people.work.authors[-3:].tolist()
    assert people.work.sizes[-3:].tolist() == [0, 0, 0]
    assert set(people.deliverable().tolist()) == set(range(30))
    counted = people.work.sizes[people.work.posts].sum()
    assert 20_000 <= counted < 30_000


@pytest.mark.engines
async def test_warm_pages_are_those_of_the_viewers(filled: Scene) -> None:
    viewers = list(range(10, 40))
    requests = filled.pages(viewers)
    async with service(filled.settings, "query", 8) as query:
        before = await Hits.of(query.port)
        pages = await bodies(query, requests)
        figures = await most(query, requests, 0.5)
        shown = (await Hits.of(query.port)).since(before)
        deep = await deep_pages(filled, query, viewers[:3], 2, 3)
        further = await paced(query, deep, 50, len(deep) / 50)
    assert len({*pages}) == len(viewers)
    for viewer, page in zip(viewers, pages, strict=True):
        tweets = orjson.loads(page)["tweets"]
        followed = {
            author
            for author, followers in zip(
                filled.crowd.work.authors.tolist(), filled.crowd.followers, strict=True
            )
            if viewer in followers
        }
        assert 10 < len(tweets) <= PAGE
        assert {int(tweet["user_id"]) for tweet in tweets} <= followed
    assert figures["reads_per_s"] > 0
    assert figures["cpu_us"]["process"] > 0
    assert shown["page"]["memory"] > 0.5
    assert further["requests"] == 6
    async with bare(pages) as handler:
        assert await bodies(handler, requests) == pages


@pytest.mark.engines
async def test_cold_and_mixed_reads_are_answered(filled: Scene) -> None:
    viewers = list(range(50, 70))
    assert (await cold(filled, viewers, 50))["requests"] == len(viewers)
    assert (await driver(filled, viewers, 50))["requests"] == len(viewers)
    [found] = await mixed(filled, [(80.0, 100.0)], 3)
    for what in ("timeline", "post", "follow"):
        assert found[what]["requests"] > 0
        assert found[what]["failed"] == 0
    assert found["shown"]["posts"] >= 1
    assert found["deliveries_per_s"] >= 50
