"""The OWASP API Security Top 10 of 2023, but for what has a file of its own (authentication, and
the limits of business flows)."""

import asyncio
import gzip
import json
from typing import Any, Final

import pytest

from tests.matrix.cast import ROLES, Cast
from tests.matrix.rows import ROWS, asker_of

TIMELINE: Final = "/api/v1/timeline"
TWEETS: Final = "/api/v1/tweets"
NOT_IDS: Final = ("0", "-1", "1e3", "0x10", str(1 << 63), "9" * 40, "%00", "%27%20OR%201=1")
USER_FIELDS: Final = {
    "user_id",
    "username",
    "display_name",
    "bio",
    "verified",
    "status",
    "created_at",
    "tweets_count",
    "followers_count",
    "following_count",
    "relationship",
}


class Test1ObjectLevelAuthorization:
    """That an id is known opens nothing. What each id on each path opens is in the matrix."""

    @pytest.mark.parametrize(
        ("method", "path", "more"),
        [
            ("POST", TWEETS, {"json": {"text": "hello", "user_id": "{user_id}"}}),
            ("GET", TIMELINE, {"params": {"user_id": "{user_id}"}}),
            (
                "POST",
                "/api/v1/follow",
                {"json": {"follow_user_id": "5", "follower_id": "{user_id}"}},
            ),
        ],
    )
    async def test_another_s_id_in_a_body_or_query_is_forbidden(
        self, cast: Cast, method: str, path: str, more: dict[str, Any]
    ) -> None:
        filled = json.loads(json.dumps(more).replace("{user_id}", str(cast.owner)))
        before = await cast.world.profile.log.ends()
        reply = await cast.ask("other", method, path, **filled)
        assert (reply.status, await cast.world.profile.log.ends()) == (403, before), reply.body

    async def test_the_id_in_a_body_is_that_of_the_path(self, cast: Cast) -> None:
        body = {"bio": "mine", "user_id": str(cast.other)}
        reply = await cast.ask("owner", "PATCH", "/api/v1/users/{user_id}", json=body)
        assert reply.status == 403

    async def test_a_key_of_another_opens_no_tweet_of_theirs(self, cast: Cast) -> None:
        body = {"text": "secretly keyed"}
        headers = {"Idempotency-Key": "the same"}
        one, other = [
            await cast.ask(role, "POST", TWEETS, json=body, headers=headers)
            for role in ("owner", "other")
        ]
        assert (one.status, other.status) == (201, 201)
        assert one.body["tweet_id"] != other.body["tweet_id"]
        assert other.body["user_id"] == str(cast.other)

    async def test_a_cursor_of_another_opens_one_s_own_list_only(self, cast: Cast) -> None:
        for number in range(3):
            await cast.client.post(cast.owner, f"number {number}")
        own = await cast.client.post(cast.other, "mine")
        await cast.client.folded()
        page = await cast.ask("owner", "GET", TIMELINE, params={"limit": "1"})
        for direction in ("older", "newer"):
            asked = {"cursor": page.body["next_cursor"], "direction": direction}
            reply = await cast.ask("other", "GET", TIMELINE, params=asked)
            assert {each["tweet_id"] for each in reply.body["tweets"]} <= {str(own)}
        reply = await cast.ask(
            "blocked",
            "GET",
            "/api/v1/users/{user_id}/tweets",
            params={"cursor": page.body["next_cursor"]},
        )
        assert reply.status == 404

    async def test_what_is_no_id_is_not_there(self, witnesses: Cast) -> None:
        for method, path in ROWS:
            for name in ("{user_id}", "{tweet_id}"):
                if name not in path or path.startswith("/admin/"):
                    continue
                for wrong in NOT_IDS:
                    body = ROWS[method, path].body
                    more = {} if body is None else {"json": body(witnesses)}
                    url = path.replace(name, wrong)
                    reply = await witnesses.ask("owner", method, url, **more)
                    assert reply.status in (400, 404), (method, url, reply.body)

    async def test_a_hidden_tweet_is_hidden_on_every_path(self, cast: Cast) -> None:
        tweet = await cast.client.post(cast.owner, "soon hidden")
        await cast.client.post(cast.other, "an answer", tweet)
        await cast.client.suspend(cast.owner)
        await cast.client.folded()
        for role in ROLES:
            for below in ("", "/replies", "/thread", "/likes", "/retweets"):
                reply = await cast.ask(role, "GET", f"{TWEETS}/{tweet}{below}")
                assert reply.status == 404, (role, below)
            page = await cast.ask(role, "GET", "/api/v1/users/{user_id}/tweets")
            assert page.status == 404 if role == "blocked" else page.body["tweets"] == []


class Test3ObjectPropertyLevelAuthorization:
    MINE_TO_SAY: Final = ("author_id", "verified", "likes_count", "role", "status", "created_at")

    @pytest.mark.parametrize("field", MINE_TO_SAY)
    async def test_no_body_takes_a_field_that_is_not_the_caller_s(
        self, cast: Cast, field: str
    ) -> None:
        before = await cast.world.profile.log.ends()
        for (method, path), row in ROWS.items():
            if row.body is not None:
                body = row.body(cast) | {field: "1"}
                reply = await cast.ask(asker_of(path), method, path, json=body)
                assert reply.status == 400, (method, path)
                assert [each["pointer"] for each in reply.body["errors"]] == [f"/{field}"]
        assert await cast.world.profile.log.ends() == before

    async def test_accounts_show_nothing_else_than_they_should(self, witnesses: Cast) -> None:
        replies = [
            await witnesses.ask("other", "GET", "/api/v1/users/{user_id}"),
            await witnesses.ask("owner", "GET", "/api/v1/users/{user_id}"),
            await witnesses.ask("admin", "GET", "/api/v1/users/{user_id}"),
        ]
        assert [set(reply.body) for reply in replies] == [USER_FIELDS] * 3


class Test4ResourceConsumption:
    @pytest.mark.parametrize("limit", ["0", "101", "1000000000", "-1", "ten"])
    async def test_a_page_has_its_bounds(self, witnesses: Cast, limit: str) -> None:
        for method, path in ROWS:
            if path.endswith(("/tweets", "/followers", "/likes", "/replies", TIMELINE)):
                reply = await witnesses.ask("owner", "GET", path, params={"limit": limit})
                if method == "GET":
                    assert reply.status == 400, path

    async def test_a_body_has_its_bounds_on_every_route(self, witnesses: Cast) -> None:
        huge = b'{"text": "' + b" " * 20_000 + b'"}'
        json_ = {"Content-Type": "application/json"}
        for sent, more in ((huge, {}), (gzip.compress(huge), {"Content-Encoding": "gzip"})):
            for (method, path), row in ROWS.items():
                if row.body is not None:
                    reply = await witnesses.ask(
                        asker_of(path), method, path, data=sent, headers=json_ | more
                    )
                    assert reply.status == 413, (method, path)

    async def test_so_have_headers_and_what_is_in_them(self, witnesses: Cast) -> None:
        many = ", ".join(f"0-{number}" for number in range(65))
        for headers in ({"Foldline-After": many}, {"Idempotency-Key": "k" * 129}):
            reply = await witnesses.ask("owner", "GET", TIMELINE, headers=headers)
            assert reply.status == 400, headers
        long = {"Authorization": f"Bearer {'a' * 4_000}"}
        assert (await witnesses.ask("stranger", "GET", TIMELINE, headers=long)).status == 401
        reply = await witnesses.ask("owner", "GET", TIMELINE, headers={"X-Long": "a" * 9_000})
        assert reply.status == 400

    async def test_an_account_s_words_have_their_bounds(self, witnesses: Cast) -> None:
        for field, most in (("display_name", 50), ("bio", 160)):
            body = {field: "x" * (most + 1)}
            reply = await witnesses.ask("owner", "PATCH", "/api/v1/users/{user_id}", json=body)
            assert reply.status == 400
        body = {"username": witnesses.fresh_name(), "password": "x" * 129}
        assert (await witnesses.ask("stranger", "POST", "/api/v1/users", json=body)).status == 400


class Test5FunctionLevelAuthorization:
    """That orders are on a port of their own, for admins alone, is in the matrix."""

    async def test_a_method_is_what_the_request_says(self, witnesses: Cast) -> None:
        headers = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
        path = f"{TWEETS}/{{tweet_id}}"
        reply = await witnesses.ask("owner", "GET", path, headers=headers)
        assert (reply.status, reply.body["tweet_id"]) == (200, str(witnesses.tweet))
        reply = await witnesses.ask("owner", "POST", path, headers=headers)
        assert reply.status == 405


class Test7ServerSideRequestForgery:
    async def test_no_url_is_ever_fetched(self, cast: Cast) -> None:
        calls: list[bytes] = []

        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append(await reader.read(100))
            writer.close()

        server = await asyncio.start_server(called, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/?a=<b>&c=d"
        async with server:
            await cast.client.update(cast.owner, display_name=url[:50], bio=url)
            tweet = await cast.client.post(cast.owner, f"see {url}")
            await cast.client.folded()
            shown = await cast.ask("other", "GET", f"{TWEETS}/{tweet}")
            account = await cast.ask("other", "GET", "/api/v1/users/{user_id}")
        assert (shown.body["text"], account.body["bio"]) == (f"see {url}", url)
        assert calls == []


class Test8Misconfiguration:
    async def test_no_answer_tells_what_serves_or_lets_other_origins_in(
        self, witnesses: Cast
    ) -> None:
        origin = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
        asked = [(method, path) for method, path in ROWS if not path.startswith("/admin/")]
        asked += [("OPTIONS", TWEETS), ("TRACE", TWEETS), ("GET", "/nothing"), ("GET", "/livez")]
        for method, path in asked:
            reply = await witnesses.ask("stranger", method, path, headers=origin)
            told = {name.lower() for name in reply.headers}
            assert not told & {"x-powered-by", "access-control-allow-origin"}, path
            assert reply.headers["Server"] == "foldline", path
            assert reply.status < 500, (method, path)
            for word in ("Traceback", "aiohttp", ".py"):
                assert word not in str(reply.body), (method, path)
        assert (await witnesses.ask("owner", "TRACE", TWEETS)).status == 405

    async def test_what_is_private_is_kept_by_nobody_else(self, witnesses: Cast) -> None:
        for path in (TIMELINE, "/api/v1/users/{user_id}", f"{TWEETS}/{{tweet_id}}"):
            reply = await witnesses.ask("owner", "GET", path)
            assert "private" in reply.headers["Cache-Control"], path

    async def test_the_key_of_tokens_is_not_of_this_installation_alone_by_chance(
        self, witnesses: Cast
    ) -> None:
        assert str(witnesses.settings.jwt_secret) not in ("", "secret", "changeme")
        assert "k" * 8 not in str(witnesses.settings)


class Test9Inventory:
    async def test_openapi_lists_every_route_and_no_other(self, witnesses: Cast) -> None:
        listed = set()
        for base in {witnesses.url, witnesses.client.admin}:
            reply = await witnesses.client.ask("GET", base + "/openapi.json")
            if reply.status == 200:
                listed |= {
                    (method.upper(), path)
                    for path, methods in reply.body["paths"].items()
                    for method in methods
                    if path.startswith(("/api/", "/admin/"))
                }
        assert listed >= {(m, p) for m, p in ROWS if not p.startswith("/admin/")}
        assert listed <= set(ROWS)

    async def test_there_is_no_other_version(self, witnesses: Cast) -> None:
        for path in ("/api/v0/users", "/api/v2/users", "/api/users", "/users", "/debug", "/admin"):
            assert (await witnesses.ask("admin", "GET", path)).status == 404


class Test10UnsafeConsumption:
    @pytest.mark.parametrize(
        "said", ["soon", "0", "0-", "-1-5", "0--5", "0-1e9", "99-0", "0-" + "9" * 30, "٣-١"]
    )
    async def test_a_position_is_one_or_refused(self, witnesses: Cast, said: str) -> None:
        reply = await witnesses.ask("owner", "GET", TIMELINE, headers={"Foldline-After": said})
        assert reply.status == 400

    @pytest.mark.parametrize("said", ["soon", "99-0", '"', "0-" + "9" * 30, "%00", "a" * 4_000])
    async def test_a_cookie_is_one_or_nothing(self, witnesses: Cast, said: str) -> None:
        headers = {"Cookie": f"foldline_position={said}; other={said}"}
        reply = await witnesses.ask("owner", "GET", TIMELINE, headers=headers)
        assert (reply.status, "Foldline-Stale" in reply.headers) == (200, False)

    async def test_a_trace_is_one_or_replaced(self, witnesses: Cast) -> None:
        for said in ("x", "00-" + "g" * 32 + "-" + "1" * 16 + "-01", "a" * 5_000):
            reply = await witnesses.ask("owner", "GET", TIMELINE, headers={"traceparent": said})
            assert reply.status == 200
            assert len(bytes.fromhex(reply.headers["Foldline-Trace"])) == 16
