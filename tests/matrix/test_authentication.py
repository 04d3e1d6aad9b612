"""OWASP API2:2023, broken authentication, and API6:2023, business flows that may be overdone. How
tokens and budgets work is tested beside the services; here is what must not leak, nor be evaded."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.conftest import WorldSettings
from tests.flow.client import Client, Reply
from tests.flow.worlds import World, world
from tests.matrix.cast import PASSWORD, Cast

LOGIN: Final = "/api/v1/auth/login"
TWEETS: Final = "/api/v1/tweets"
TWEETS_MAX: Final = 3
FOLLOWS_MAX: Final = 2
LOGINS_MAX: Final = 4


async def login(cast: Cast, username: str, password: str) -> Reply:
    body = {"username": username, "password": password}
    return await cast.ask("stranger", "POST", LOGIN, json=body)


class Test2Authentication:
    async def test_a_password_is_told_to_nobody_and_is_in_no_event(self, cast: Cast) -> None:
        right = await login(cast, cast.name, PASSWORD)
        assert right.status == 200
        log = cast.world.profile.log
        ends = await log.ends()
        reader = await log.reader(dict.fromkeys(range(len(ends)), 0))
        seen = 0
        while seen < sum(ends):
            records = await reader.take(500, 5.0)
            assert records
            seen += len(records)
            for record in records:
                assert PASSWORD.encode() not in (record.value or b"")
                assert b"argon2" not in (record.value or b"")
        await reader.close()
        account = await cast.ask("owner", "GET", "/api/v1/users/{user_id}")
        for reply in (right, account):
            assert PASSWORD not in str(reply.body) and "argon2" not in str(reply.body)

    async def test_who_has_an_account_is_not_told_by_a_login(self, cast: Cast) -> None:
        for name in (cast.name, f"bob_{cast.name}"[:30], "nobody_at_all", "no such name"):
            reply = await login(cast, name, "not the password")
            told = {field: reply.body[field] for field in ("status", "title", "detail", "type")}
            if name == cast.name:
                expected = told
            assert told == expected

    async def test_a_token_outlives_neither_suspension_nor_deletion(self, cast: Cast) -> None:
        body = {"text": "still here"}
        await cast.client.suspend(cast.other)
        assert (await cast.ask("other", "POST", TWEETS, json=body)).status == 403
        await cast.client.reinstate(cast.other)
        assert (await cast.ask("other", "POST", TWEETS, json=body)).status == 201
        await cast.client.close(cast.owner)
        for method, path in (("POST", TWEETS), ("DELETE", "/api/v1/users/{user_id}")):
            more = {"json": body} if method == "POST" else {}
            assert (await cast.ask("owner", method, path, **more)).status == 401
        await cast.client.folded()
        assert (await cast.ask("owner", "GET", "/api/v1/timeline")).status in (401, 404)
        assert (await login(cast, cast.name, PASSWORD)).status == 401


@pytest.fixture(scope="module")
async def metered(module_settings: WorldSettings) -> AsyncIterator[World]:
    settings = module_settings(
        "embedded",
        limits="on",
        limit_tweets=TWEETS_MAX,
        limit_follows=FOLLOWS_MAX,
        limit_login=LOGINS_MAX,
    )
    async with world(settings) as running:
        yield running


async def answers(client: Client, user: int, count: int, **more: dict[str, str]) -> list[int]:
    """The statuses of that many different tweets."""
    url = client.ingest + TWEETS
    return [
        (await client.ask("POST", url, user, json={"text": f"no. {number}"}, **more)).status
        for number in range(count)
    ]


class Test6BusinessFlows:
    async def test_a_budget_is_one_s_own_and_all_names_of_a_route_share_it(
        self, metered: World
    ) -> None:
        client = metered.client
        ann, bob = [await client.join(f"own_{name}") for name in ("ann", "bob")]
        one = await client.ask("POST", f"{client.ingest}/api/v1/tweet", ann, json={"text": "a"})
        assert one.status == 201
        refused = [201] * (TWEETS_MAX - 1) + [429] * 2
        assert await answers(client, ann, TWEETS_MAX + 1) == refused
        assert await answers(client, bob, 1) == [201]

    async def test_no_header_and_no_key_evades_it(self, metered: World) -> None:
        client = metered.client
        ann = await client.join("evading_ann")
        assert await answers(client, ann, TWEETS_MAX) == [201] * TWEETS_MAX
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Idempotency-Key"):
            assert await answers(client, ann, 1, headers={name: "203.0.113.7"}) == [429]

    async def test_follows_are_counted_by_every_name_of_the_route(self, metered: World) -> None:
        client = metered.client
        people = [await client.join(f"followed_{n}") for n in range(FOLLOWS_MAX + 2)]
        ann, others = people[0], people[1:]
        for other in others[:-1]:
            await client.follow(ann, other)
        url, last = client.ingest + "/api/v1", str(others[-1])
        direct = await client.ask("POST", f"{url}/users/{last}/follow", ann)
        named = await client.ask("POST", f"{url}/follow", ann, json={"follow_user_id": last})
        assert (direct.status, named.status) == (429, 429)
        assert int(direct.headers["Retry-After"]) > 0

    async def test_guessing_one_name_from_everywhere_is_limited(self, metered: World) -> None:
        client = metered.client
        url, statuses = client.ingest + LOGIN, []
        for number in range(LOGINS_MAX + 2):
            body = {"username": "victim", "password": f"guess number {number}"}
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            reply = await client.ask("POST", url, json=body, headers=headers)
            statuses.append(reply.status)
        assert statuses == [401] * LOGINS_MAX + [429] * 2
