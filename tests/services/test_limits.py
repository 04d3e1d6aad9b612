"""Budgets: who may ask how often, what the answers say of it, and what happens without Redis."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from multidict import CIMultiDict

from foldline.web.counting import MemoryCounters
from tests.conftest import WorldSettings
from tests.flow.client import Client, Reply
from tests.flow.worlds import world

LIMITS: dict[str, Any] = {
    "limits": "on",
    "limit_tweets": 3,
    "limit_follows": 2,
    "limit_reads": 6,
    "limit_reads_per_ip": 40,
    "limit_login": 4,
    "buckets": 4,
}


@pytest.fixture
async def client(world_settings: WorldSettings) -> AsyncIterator[Client]:
    async with world(world_settings("embedded", **LIMITS)) as running:
        yield running.client


async def post(client: Client, user: int, **headers: str) -> Reply:
    return await client.ask(
        "POST", f"{client.ingest}/api/v1/tweets", user, json={"text": "x"}, headers=headers
    )


async def test_a_budget_is_told_and_then_used_up(client: Client) -> None:
    user, other = [await client.join(name) for name in ("ann", "bob")]
    replies = [await post(client, user) for _ in range(4)]
    assert [reply.status for reply in replies] == [201, 201, 201, 429]
    assert replies[0].headers["RateLimit-Policy"] == '"tweets";q=3;w=10800'
    assert replies[0].headers["RateLimit"].startswith('"tweets";r=2;t=')
    assert 1 <= int(replies[3].headers["Retry-After"]) <= 10_800
    assert replies[3].headers["RateLimit-Policy"] == replies[0].headers["RateLimit-Policy"]
    assert replies[3].headers["RateLimit"].startswith('"tweets";r=0;t=')
    assert "at most 3 tweets" in replies[3].body["detail"]
    assert (await post(client, other)).status == 201


async def test_what_is_refused_for_another_reason_tells_of_the_budget_too(client: Client) -> None:
    reply = await client.ask("GET", f"{client.query}/api/v1/tweets/77")
    assert reply.status == 404
    assert reply.headers["RateLimit"].startswith('"reads";r=39;t=')
    assert "RateLimit" not in (await client.ask("GET", f"{client.query}/livez")).headers


async def reads_left(client: Client, *forwarded: str) -> str:
    headers = CIMultiDict(("X-Forwarded-For", line) for line in forwarded)
    async with client.session.get(f"{client.query}/api/v1/users", headers=headers) as answer:
        return str(answer.headers["RateLimit"]).split(";")[1]


async def test_of_a_proxys_words_the_last_is_its_own(world_settings: WorldSettings) -> None:
    async with world(world_settings("embedded", **LIMITS, trusted_proxies=True)) as running:
        client = running.client
        assert await reads_left(client, "198.51.100.1, 203.0.113.7") == "r=39"
        assert await reads_left(client, "198.51.100.2", "203.0.113.7") == "r=38"
        assert await reads_left(client, "198.51.100.3", "::ffff:203.0.113.7") == "r=37"
        assert await reads_left(client, "2001:db8:1:2::3") == "r=39"
        assert await reads_left(client, "2001:db8:1:2:ffff::4") == "r=38"  # all of it is one's
        assert await reads_left(client) == "r=39"
        assert await reads_left(client, "203.0.113.7, unknown") == "r=38"  # no address: the peer's


async def test_without_a_proxy_its_words_are_anybodys(client: Client) -> None:
    assert await reads_left(client, "203.0.113.1") == "r=39"
    assert await reads_left(client, "203.0.113.2") == "r=38"


async def test_a_loop_that_is_late_turns_requests_away(world_settings: WorldSettings) -> None:
    async with world(world_settings("embedded", lag_max_s=0.2, buckets=4)) as running:
        client = running.client
        host, port = client.query.removeprefix("http://").split(":")
        loop = asyncio.get_running_loop()
        answers = []
        for path in ("/api/v1/users", "/livez"):
            with socket.create_connection((host, int(port))) as asking:
                asking.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                time.sleep(0.5)  # noqa: ASYNC251  # so late will it be answered
                asking.setblocking(False)
                answers.append(await asyncio.wait_for(loop.sock_recv(asking, 65_536), 10))
        assert answers[0].startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1\r\n" in answers[0]
        assert answers[1].startswith(b"HTTP/1.1 200 ")
        async with asyncio.timeout(10):
            while (await client.ask("GET", f"{client.query}/api/v1/users")).status != 200:
                await asyncio.sleep(0.02)


async def test_a_verified_account_has_five_times_as_much(client: Client) -> None:
    user = await client.join("cyd")
    statuses = [(await post(client, user, **{"X-User-Verified": "true"})).status for _ in range(16)]
    assert statuses == [201] * 15 + [429]


async def test_what_is_refused_leaves_no_event(client: Client) -> None:
    ann, bob, cyd, dan = [await client.join(name) for name in ("a", "b", "c", "d")]
    await client.follow(ann, bob)
    await client.follow(ann, cyd)
    url = f"{client.ingest}/api/v1/users/{dan}/follow"
    assert (await client.ask("POST", url, ann)).status == 429
    await client.folded()
    assert (await client.get(f"/api/v1/users/{dan}", ann))["followers_count"] == 0


async def test_reads_are_counted_by_user_and_by_address(client: Client) -> None:
    user = await client.join("eve")
    await client.folded()
    url = f"{client.query}/api/v1/users/{user}"
    by_user = [(await client.ask("GET", url, user)).status for _ in range(7)]
    assert by_user == [200] * 6 + [429]
    anonymous = [(await client.ask("GET", url)).status for _ in range(40)]
    assert anonymous.count(429) >= 7
    assert (await client.ask("GET", f"{client.query}/livez")).status == 200


async def test_accounts_are_made_so_often_and_tokens_refreshed(
    world_settings: WorldSettings,
) -> None:
    async with world(world_settings("embedded", **LIMITS, limit_accounts=2)) as running:
        api, ask = f"{running.client.ingest}/api/v1", running.client.ask
        made = [
            (await ask("POST", f"{api}/users", json={"username": f"eve{number}"})).status
            for number in range(4)
        ]
        assert made == [201, 201, 429, 429]
        body = {"refresh_token": "none of ours"}
        for path in ("refresh", "logout"):
            statuses = {
                (await ask("POST", f"{api}/auth/{path}", json=body)).status for _ in range(45)
            }
            assert 429 in statuses, path


async def test_guessing_is_limited_by_name_and_by_address(client: Client) -> None:
    url = f"{client.ingest}/api/v1/auth/login"
    body = {"username": "ann", "password": "guess"}
    statuses = [(await client.ask("POST", url, json=body)).status for _ in range(6)]
    assert statuses == [401] * 4 + [429] * 2


async def test_one_name_guessed_from_everywhere_is_told_of_its_own_budget(
    world_settings: WorldSettings,
) -> None:
    async with world(world_settings("embedded", **LIMITS, trusted_proxies=True)) as running:
        url = f"{running.client.ingest}/api/v1/auth/login"
        body = {"username": "ann", "password": "guess"}
        for number in range(5):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            reply = await running.client.ask("POST", url, json=body, headers=headers)
        assert reply.status == 429
        assert reply.headers["RateLimit"].startswith('"login";r=0;t=')


async def test_more_than_a_process_can_do_is_turned_away(world_settings: WorldSettings) -> None:
    async with world(world_settings("embedded", requests_max=4, buckets=4)) as running:
        client = running.client
        user = await client.join("ann")
        replies = await asyncio.gather(*(post(client, user) for _ in range(60)))
        shed = [reply for reply in replies if reply.status == 503]
        assert {reply.status for reply in replies} == {201, 503}
        assert shed[0].headers["Retry-After"] == "1"
        assert (await post(client, user)).status == 201


async def test_a_caller_costs_the_same_among_many_others() -> None:
    counters = MemoryCounters(20_000)

    async def cost_s(key: str) -> float:
        began = time.process_time()
        for _ in range(200):
            await counters.incr(key, 60)
            await asyncio.sleep(0)  # what is put off to the loop counts too
        return time.process_time() - began

    alone_s = min([await cost_s("ann") for _ in range(5)])
    for number in range(20_000):
        await counters.incr(f"other {number}", 60)
    assert min([await cost_s("ann") for _ in range(5)]) < 10 * alone_s


async def test_what_is_counted_in_memory_is_bounded_and_ends() -> None:
    counters = MemoryCounters(3)
    for name in ("ann", "bob", "cyd"):
        await counters.incr(name, 60)
    assert await counters.incr("ann", 60) == 2
    await counters.incr("dan", 60)
    assert [await counters.get(name) for name in ("ann", "bob", "cyd", "dan")] == [2, 0, 1, 1]
    assert await counters.incr("ann", 60, amount=2) == 4
    await counters.incr("brief", 0)
    assert (await counters.get("brief"), await counters.incr("brief", 60)) == (0, 1)
