"""What is sent again, or at once by many, happens once."""

import asyncio
import uuid
from collections import Counter
from typing import Any

from tests.flow.client import Client, Reply
from tests.services.conftest import Town

MANY = 50


async def post(town: Town, author: int, key: str, text: str, **more: Any) -> Reply:
    return await town.world.client.ask(
        "POST",
        f"{town.url}/api/v1/tweets",
        author,
        headers={"Idempotency-Key": key},
        json={"text": text, **more},
    )


async def create(town: Town, username: str) -> Reply:
    body = {"username": username}
    return await town.world.client.ask("POST", f"{town.url}/api/v1/users", json=body)


async def tweets_of(client: Client, author: int) -> list[str]:
    await client.folded()
    page = await client.get(f"/api/v1/users/{author}/tweets", limit=100)
    return [tweet["tweet_id"] for tweet in page["tweets"]]


async def test_one_key_at_once_by_many_is_one_tweet(town: Town) -> None:
    key = uuid.uuid4().hex
    replies = await asyncio.gather(*(post(town, town.ann, key, "once") for _ in range(MANY)))
    assert {reply.status for reply in replies} == {201}
    assert all(reply.body == replies[0].body for reply in replies)
    await town.world.client.post(town.ann, "another")
    assert (await tweets_of(town.world.client, town.ann))[1:] == [replies[0].body["tweet_id"]]


async def test_a_repeat_is_answered_as_before_and_is_no_event(town: Town) -> None:
    key = uuid.uuid4().hex
    first = await post(town, town.ann, key, "cafe\u0301")
    before = await town.ends()
    again = await post(town, town.ann, key, "café", idempotency_key=key)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Foldline-Position"] == first.headers["Foldline-Position"]
    assert await town.ends() == before


async def test_a_key_in_the_body_is_the_same_as_in_the_header(town: Town) -> None:
    key = uuid.uuid4().hex
    first = await post(town, town.ann, key, "hello")
    body = {"text": "hello", "idempotency_key": key}
    again = await town.world.client.ask("POST", f"{town.url}/api/v1/tweets", town.ann, json=body)
    assert (again.status, again.body) == (201, first.body)


async def test_a_key_stands_for_one_body(town: Town) -> None:
    key = uuid.uuid4().hex
    first = await post(town, town.ann, key, "hello")
    before = await town.ends()
    for text, more in (("hullo", {}), ("hello", {"reply_to_tweet_id": first.body["tweet_id"]})):
        reply = await post(town, town.ann, key, text, **more)
        assert (reply.status, reply.body["title"]) == (422, "Unprocessable Entity")
    differing = await post(town, town.ann, key, "hello", idempotency_key=f"{key}-other")
    assert differing.status == 400
    assert await town.ends() == before


async def test_a_key_is_its_users_own(town: Town) -> None:
    key = uuid.uuid4().hex
    anns, bobs = await post(town, town.ann, key, "hello"), await post(town, town.bob, key, "hullo")
    assert (anns.status, bobs.status) == (201, 201)
    assert anns.body["tweet_id"] != bobs.body["tweet_id"]


async def test_a_username_at_once_by_many_is_one_account(town: Town) -> None:
    name = f"eve_{town.ann}"
    replies = await asyncio.gather(
        *(create(town, name if at % 2 else name.upper()) for at in range(MANY))
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 409: MANY - 1}
    (created,) = [reply for reply in replies if reply.status == 201]
    assert created.body["username"] == name
    town.world.client.saw(created)
    await town.world.client.folded()
    found = await town.world.client.get(f"/api/v1/users/by-username/{name.title()}")
    assert found["user_id"] == created.body["user_id"]


async def test_a_taken_username_is_refused_whatever_the_case_and_is_no_event(town: Town) -> None:
    name = f"zoe_{town.ann}"
    assert (await create(town, name)).status == 201
    before = await town.ends()
    for variant in (name, name.upper(), name.title()):
        assert (await create(town, variant)).status == 409
    assert await town.ends() == before


async def test_delete_is_final_and_may_be_repeated(town: Town) -> None:
    client = town.world.client
    kept, gone = await client.post(town.ann, "kept"), await client.post(town.ann, "gone")
    await client.delete(town.ann, gone)
    await client.folded()
    url = f"{town.url}/api/v1/tweets/{gone}"
    before = await town.ends()
    again = await client.ask("DELETE", url, town.ann)
    assert (again.status, again.body) == (204, "")
    assert "Foldline-Position" in again.headers
    assert (await client.ask("DELETE", url, town.bob)).status == 403
    assert (await client.ask("GET", url, town.ann)).status == 404
    reply = await post(town, town.bob, uuid.uuid4().hex, "to it", reply_to_tweet_id=str(gone))
    assert reply.status == 404
    assert await town.ends() == before
    assert await tweets_of(client, town.ann) == [str(kept)]


async def test_only_its_author_deletes_a_tweet(town: Town) -> None:
    client = town.world.client
    tweet = await client.post(town.ann, "mine")
    await client.folded()  # to a stranger it is not there before
    before = await town.ends()
    reply = await client.ask("DELETE", f"{town.url}/api/v1/tweets/{tweet}", town.bob)
    assert reply.status == 403
    assert await town.ends() == before
    assert await tweets_of(client, town.ann) == [str(tweet)]


async def test_follows_and_unfollows_may_be_repeated(town: Town) -> None:
    client = town.world.client
    for _ in range(2):
        await client.follow(town.ann, town.bob)
    await client.folded()
    profile = await client.get(f"/api/v1/users/{town.bob}", town.ann)
    assert profile["followers_count"] == 1
    assert profile["relationship"] == {
        "user_id": str(town.bob),
        "following": True,
        "followed_by": False,
        "blocking": False,
        "muting": False,
    }
    for _ in range(2):
        await client.unfollow(town.ann, town.bob)
    await client.folded()
    assert (await client.get(f"/api/v1/users/{town.bob}"))["followers_count"] == 0
