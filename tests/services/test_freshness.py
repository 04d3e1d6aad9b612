"""Reading one's own writes, in one process and across two."""

import asyncio
import re
import time
from http.cookies import SimpleCookie

import aiohttp
from yarl import URL

from app.compose import checks_of, serve
from tests.flow.client import client_of
from tests.services.conftest import Town

TIMELINE = "/api/v1/timeline"
AUTHORS = 8
PAIRS = 25  # of a post and a read, each
WAIT_S = 0.5


async def position_of(town: Town, text: str) -> tuple[str, str, str]:
    """Post: the tweet, its position, and the cookie that was set."""
    reply = await town.world.client.ask(
        "POST", f"{town.url}/api/v1/tweets", town.ann, json={"text": text}
    )
    assert reply.status == 201
    return reply.body["tweet_id"], reply.headers["Foldline-Position"], reply.headers["Set-Cookie"]


async def test_a_command_tells_its_position(town: Town) -> None:
    before = await town.ends()
    _, position, cookie = await position_of(town, "hello")
    assert re.fullmatch(r"\d+-\d+", position)
    partition, offset = map(int, position.split("-"))
    assert offset == before[partition]
    assert await town.ends() == [end + (number == partition) for number, end in enumerate(before)]
    (morsel,) = SimpleCookie(cookie).values()
    assert morsel.value == position
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"


async def test_who_names_a_position_reads_what_was_written(town: Town) -> None:
    client = town.world.client
    authors = [await client.join(f"author_{town.ann}_{number}") for number in range(AUTHORS)]

    async def write_and_read(author: int) -> int:
        late = 0
        for number in range(PAIRS):
            body = {"text": f"number {number}"}
            posted = await client.ask("POST", f"{town.url}/api/v1/tweets", author, json=body)
            after = {"Foldline-After": posted.headers["Foldline-Position"]}
            page = await client.ask("GET", town.url + TIMELINE, author, headers=after)
            if "Foldline-Stale" in page.headers:
                late += 1
            else:
                assert page.body["tweets"][0]["tweet_id"] == posted.body["tweet_id"]
        return late

    stale = sum(await asyncio.gather(*(write_and_read(author) for author in authors)))
    assert stale <= AUTHORS * PAIRS // 10


async def test_a_position_of_the_future_is_waited_for_and_not_for_long(town: Town) -> None:
    tweet, position, _ = await position_of(town, "hello")
    await town.world.client.folded()
    partition, offset = map(int, position.split("-"))
    after = {"Foldline-After": f"{position}, {partition}-{offset + 1_000_000}"}
    begun = time.monotonic()
    reply = await town.world.client.ask("GET", town.url + TIMELINE, town.ann, headers=after)
    took_s = time.monotonic() - begun
    assert (reply.status, reply.headers["Foldline-Stale"]) == (200, "true")
    assert reply.body["tweets"][0]["tweet_id"] == tweet
    assert WAIT_S <= took_s < 2 * WAIT_S


async def test_a_browser_reads_its_own_writes_by_the_cookie(town: Town) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # of an address, not a name
    headers = {"X-User-ID": str(town.ann)}
    follow = f"{town.url}/api/v1/users/{town.bob}/follow"
    async with aiohttp.ClientSession(cookie_jar=jar, headers=headers) as browser:
        positions = []
        async with browser.post(follow) as followed:
            positions.append(followed.headers["Foldline-Position"])
        async with browser.post(f"{town.url}/api/v1/tweets", json={"text": "hi"}) as posted:
            positions.append(posted.headers["Foldline-Position"])
        (cookie,) = jar
        seen = dict(position.split("-") for position in cookie.value.split("_"))
        for position in positions:
            partition, offset = position.split("-")
            assert int(seen[partition]) >= int(offset)
        future = f"{partition}-{int(offset) + 1_000_000}"
        jar.update_cookies({"foldline_position": future}, URL(town.url))
        async with browser.get(town.url + TIMELINE) as page:
            assert page.headers["Foldline-Stale"] == "true"
        jar.update_cookies({"foldline_position": "soon"}, URL(town.url))
        async with browser.get(town.url + TIMELINE) as page:
            assert (page.status, "Foldline-Stale" in page.headers) == (200, False)


async def test_what_another_process_just_created_is_known(town: Town) -> None:
    """A second ingest service, that has heard of nobody yet, over the same stores."""
    running = town.world
    settings = running.settings.model_copy(update={"node_id": 9})
    second = await serve(running.profile, settings, "ingest", checks_of(running.profile))
    try:
        async with client_of(second.url, town.url) as other:
            for number in range(10):
                new = await running.client.join(f"new_{town.ann}_{number}")
                await other.follow(town.ann, new)
                await other.post(new, "my first")
            await other.folded()
            page = await other.get(TIMELINE, town.ann, limit=100)
    finally:
        await second.close()
    assert [tweet["text"] for tweet in page["tweets"]] == ["my first"] * 10


async def test_processes_may_share_a_port(town: Town) -> None:
    """One that goes leaves its callers to the other."""
    running = town.world
    shared = {"reuse_port": True, "admin_port": 0}
    settings = running.settings.model_copy(update=shared)
    one = await serve(running.profile, settings, "query", checks_of(running.profile))
    settings = settings.model_copy(update={"port": one.port})
    other = await serve(running.profile, settings, "query", checks_of(running.profile))
    try:
        assert other.port == one.port
        async with client_of(running.client.ingest, one.url) as client:
            await client.get(TIMELINE, town.ann)
        await one.close()
        async with client_of(running.client.ingest, other.url) as client:
            await client.get(TIMELINE, town.ann)
    finally:
        await other.close()
