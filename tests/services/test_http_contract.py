"""What is not valid gets a clear 4xx as problem+json, and leaves no event in the log."""

import asyncio
import gzip
from typing import Any, Final, NamedTuple

import pytest

from tests.flow.client import Reply
from tests.services.conftest import Town

TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
TIMELINE: Final = "/api/v1/timeline"
TWEETS: Final = "/api/v1/tweets"
USERS: Final = "/api/v1/users"
FIELDS: Final = {"type", "title", "status", "detail", "instance", "errors", "trace_id"}
NOBODY: Final = 4_242
JSON: Final = {"Content-Type": "application/json"}


class Refused(NamedTuple):
    """A request of ann's, with `{ann}` and `{bob}` in its path, and the status it must get."""

    status: int
    method: str
    path: str
    more: dict[str, Any] = {}  # noqa: RUF012  # never changed
    caller: int | str | None = "ann"


def raw(body: bytes) -> dict[str, Any]:
    return {"data": body, "headers": JSON}


def gzipped(body: bytes) -> dict[str, Any]:
    return {"data": body, "headers": JSON | {"Content-Encoding": "gzip"}}


def text(value: object, **more: object) -> dict[str, Any]:
    return {"json": {"text": value, **more}}


def query(**asked: str) -> dict[str, Any]:
    return {"params": asked}


def header(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"headers": {name: value}, **more}


REFUSED: Final = {
    "json cut off": Refused(400, "POST", TWEETS, raw(b'{"text": ')),
    "json, not an object": Refused(400, "POST", TWEETS, raw(b'["text"]')),
    "no body": Refused(400, "POST", TWEETS, raw(b"")),
    "not utf-8": Refused(400, "POST", TWEETS, raw(b'{"text": "\xff"}')),
    "half a surrogate pair": Refused(400, "POST", TWEETS, raw(b'{"text": "\\ud800"}')),
    "nested too deep": Refused(400, "POST", TWEETS, raw(b"[" * 10_000)),
    "a form": Refused(415, "POST", TWEETS, {"data": {"text": "hello"}}),
    "281 characters": Refused(400, "POST", TWEETS, text("x" * 281)),
    "281 astral characters": Refused(400, "POST", TWEETS, text("🦉" * 281)),
    "empty": Refused(400, "POST", TWEETS, text("")),
    "blank": Refused(400, "POST", TWEETS, text(" \t\n\u3000")),
    "a zero character": Refused(400, "POST", TWEETS, text("a\0b")),
    "text that is a number": Refused(400, "POST", TWEETS, text(5)),
    "author_id": Refused(400, "POST", TWEETS, text("hello", author_id="1")),
    "verified": Refused(400, "POST", USERS, {"json": {"username": "eve", "verified": True}}),
    "likes_count": Refused(400, "POST", TWEETS, text("hello", likes_count=1_000)),
    "another's name on a tweet": Refused(403, "POST", TWEETS, text("hello", user_id=str(NOBODY))),
    "a reply to nothing": Refused(404, "POST", TWEETS, text("hello", reply_to_tweet_id="77")),
    "a reply to no id": Refused(400, "POST", TWEETS, text("hello", reply_to_tweet_id=77)),
    "too large": Refused(413, "POST", TWEETS, text("x" * 20_000)),
    "too large once inflated": Refused(
        413,
        "POST",
        TWEETS,
        {"data": gzip.compress(b" " * 99_999), "headers": JSON | {"Content-Encoding": "gzip"}},
    ),
    "broken gzip": Refused(
        400, "POST", TWEETS, {"data": b"not gzip", "headers": JSON | {"Content-Encoding": "gzip"}}
    ),
    "empty idempotency key": Refused(
        400, "POST", TWEETS, header("Idempotency-Key", "", **text("a"))
    ),
    "long idempotency key": Refused(
        400, "POST", TWEETS, header("Idempotency-Key", "k" * 129, **text("a"))
    ),
    "username with a space": Refused(400, "POST", USERS, {"json": {"username": "e v e"}}),
    "username in Greek": Refused(400, "POST", USERS, {"json": {"username": "εύα"}}),
    "username with a line's end": Refused(400, "POST", USERS, {"json": {"username": "eve\n"}}),
    "username too long": Refused(400, "POST", USERS, {"json": {"username": "e" * 31}}),
    "nobody says who": Refused(401, "POST", TWEETS, text("hello"), caller=None),
    "an unknown user posts": Refused(401, "POST", TWEETS, text("hello"), caller=NOBODY),
    "a user who is no id": Refused(401, "POST", TWEETS, text("hello"), caller="ann'--"),
    "nobody reads": Refused(401, "GET", TIMELINE, caller=None),
    "an unknown user reads": Refused(404, "GET", TIMELINE, caller=NOBODY),
    "another's timeline": Refused(403, "GET", TIMELINE, query(user_id=str(NOBODY))),
    "self-follow": Refused(409, "POST", "/api/v1/users/{ann}/follow"),
    "follow of nobody": Refused(404, "POST", f"/api/v1/users/{NOBODY}/follow"),
    "follow of no id": Refused(404, "POST", "/api/v1/users/0/follow"),
    "follow of a number too large": Refused(404, "POST", f"/api/v1/users/{1 << 63}/follow"),
    "unfollow of nobody": Refused(404, "DELETE", f"/api/v1/users/{NOBODY}/follow"),
    "follow in another's name": Refused(
        403, "POST", "/api/v1/follow", {"json": {"follow_user_id": "{bob}", "follower_id": "5"}}
    ),
    "delete of nothing": Refused(404, "DELETE", "/api/v1/tweets/77"),
    "account of nobody": Refused(404, "GET", f"/api/v1/users/{NOBODY}"),
    "account by nobody's name": Refused(404, "GET", "/api/v1/users/by-username/%00"),
    "limit 0": Refused(400, "GET", TIMELINE, query(limit="0")),
    "limit 101": Refused(400, "GET", TIMELINE, query(limit="101")),
    "limit abc": Refused(400, "GET", TIMELINE, query(limit="abc")),
    "no limit": Refused(400, "GET", TIMELINE, query(limit="")),
    "unknown parameter": Refused(400, "GET", TIMELINE, query(offset="20")),
    "unknown direction": Refused(400, "GET", TIMELINE, query(direction="up")),
    "cursor of another alphabet": Refused(400, "GET", TIMELINE, query(cursor="!?%/&=é漢")),
    "empty cursor": Refused(400, "GET", TIMELINE, query(cursor="")),
    "long cursor": Refused(400, "GET", TIMELINE, query(cursor="A" * 4_000)),
    "cursor by its other name": Refused(400, "GET", TIMELINE, query(next_cursor="AAAA")),
    "position that is none": Refused(400, "GET", TIMELINE, header("Foldline-After", "soon")),
    "position before nothing": Refused(400, "GET", TIMELINE, header("Foldline-After", "0-0,")),
    "positions of a cookie": Refused(400, "GET", TIMELINE, header("Foldline-After", "0-0_0-1")),
    "position in no partition": Refused(400, "GET", TIMELINE, header("Foldline-After", "999-0")),
    "unknown route": Refused(404, "GET", "/api/v1/nothing"),
    "unknown route above": Refused(404, "POST", "/"),
    "method PUT": Refused(405, "PUT", TWEETS, text("hello")),
    "method OPTIONS": Refused(405, "OPTIONS", TIMELINE),
}


def assert_problem(reply: Reply, status: int, path: str) -> None:
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"].split(";")[0] == "application/problem+json"
    assert set(reply.body) == FIELDS
    assert reply.body["status"] == status
    assert reply.body["instance"] == path
    assert reply.body["type"].startswith("urn:foldline:problem:")
    assert reply.body["title"] and reply.body["detail"]
    assert len(reply.body["trace_id"]) == len(TRACE)
    assert "Foldline-Position" not in reply.headers


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_is_a_problem_and_no_event(town: Town, case: Refused) -> None:
    path = case.path.format(ann=town.ann, bob=town.bob)
    more = dict(case.more)
    if "follow_user_id" in more.get("json", {}):
        more["json"] = more["json"] | {"follow_user_id": str(town.bob)}
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"} | more.pop("headers", {})
    if case.caller is not None:
        headers["X-User-ID"] = str(town.ann if case.caller == "ann" else case.caller)
    before = await town.ends()
    reply = await town.world.client.ask(case.method, town.url + path, headers=headers, **more)
    assert_problem(reply, case.status, path.replace("%00", "\0"))
    assert reply.body["trace_id"] == reply.headers["Foldline-Trace"] == TRACE
    assert ("WWW-Authenticate" in reply.headers) == (case.status == 401)
    assert await town.ends() == before


async def test_a_fault_says_where_it_is(town: Town) -> None:
    body = {"text": "x" * 281, "likes_count": 3}
    reply = await town.world.client.ask("POST", town.url + TWEETS, town.ann, json=body)
    assert {fault["pointer"] for fault in reply.body["errors"]} == {"/text", "/likes_count"}
    assert all(fault["detail"] for fault in reply.body["errors"])


async def test_a_wrong_method_is_told_the_right_ones(town: Town) -> None:
    for path, allowed in ((TWEETS, "POST"), (USERS, "GET, POST"), (f"{TWEETS}/5", "DELETE, GET")):
        reply = await town.world.client.ask("PATCH", town.url + path, town.ann)
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)


async def test_a_changed_cursor_is_refused(town: Town) -> None:
    client = town.world.client
    for number in range(3):
        await client.post(town.ann, f"number {number}")
    await client.folded()
    cursor = (await client.get(TIMELINE, town.ann, limit=1))["next_cursor"]
    assert (await client.get(TIMELINE, town.ann, cursor=cursor))["tweets"]
    changed = [
        cursor[:at] + other + cursor[at + 1 :]
        for at in range(len(cursor))
        for other in "A-"
        if cursor[at] != other
    ]
    cut = [cursor[:length] for length in range(len(cursor))]
    longer = [cursor + "A", cursor + "=", " " + cursor]
    for wrong in (*changed, *cut, *longer):
        asked = {"cursor": wrong}
        reply = await client.ask("GET", town.url + TIMELINE, town.ann, params=asked)
        assert_problem(reply, 400, TIMELINE)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GARBAGE\r\n\r\n", id="garbage"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="tls"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", id="no such version"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", id="endless line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", id="endless header"),
        pytest.param(
            b"POST /api/v1/tweets HTTP/1.1\r\nContent-Length: -5\r\n\r\n", id="negative length"
        ),
        pytest.param(
            b"POST /api/v1/tweets HTTP/1.1\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
    ],
)
async def test_what_is_not_http_is_answered_alike(town: Town, sent: bytes) -> None:
    before = await town.ends()
    host, port = town.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), timeout=10)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), head
    assert b"Content-Type: application/problem+json" in head
    assert b"aiohttp" not in head
    for field in FIELDS:
        assert f'"{field}":'.encode() in body
    assert b'"trace_id":""' not in body
    assert await town.ends() == before


async def test_the_longest_tweet_counts_characters_as_readers_do(town: Town) -> None:
    client = town.world.client
    astral = "🦉" * 280
    composed = "é" * 280  # 560 code points before NFC
    for sent, shown in ((astral, astral), ("e\u0301" * 280, composed)):
        tweet = await client.post(town.ann, sent)
        await client.folded()
        assert (await client.get(f"{TWEETS}/{tweet}"))["text"] == shown


async def test_other_names_of_routes_and_fields(town: Town) -> None:
    client, ann = town.world.client, town.ann
    body = {"content": "hello", "user_id": str(ann)}
    reply = await client.ask("POST", f"{town.url}/api/v1/tweet", ann, json=body)
    assert (reply.status, reply.body["text"]) == (201, "hello")
    body = {"follow_user_id": str(town.bob), "follower_id": str(ann)}
    for _ in range(2):
        reply = await client.ask("POST", f"{town.url}/api/v1/follow", ann, json=body)
        assert reply.status == 201
        assert reply.body == {
            "follower_id": str(ann),
            "followee_id": str(town.bob),
            "following": True,
        }


async def test_garbage_behind_a_request_is_answered_as_such(town: Town) -> None:
    host, port = town.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"alive\n"), timeout=10)
    writer.write(b"GARBAGE\r\n\r\n")
    last = await asyncio.wait_for(reader.read(), timeout=10)
    writer.close()
    assert last.split(b" ")[1] == b"400"
    assert b"Content-Type: application/problem+json" in last
