"""Commands as the tests give them, and what they leave in the log."""

from collections.abc import Sequence
from typing import Any

from foldline.core.codec import Codec
from foldline.core.events import Event
from foldline.log.port import Record
from tests.flow.client import Reply
from tests.services.conftest import Town

USERS = "/api/v1/users"
TWEETS = "/api/v1/tweets"
_TAKE_MAX = 10_000
_WAIT_S = 5.0


async def command(
    town: Town, caller: int | None, method: str, path: str, body: Any = None, key: str | None = None
) -> Reply:
    """Whatever a command answers; what it wrote is waited for by `folded`."""
    more: dict[str, Any] = {} if body is None else {"json": body}
    if key is not None:
        more["headers"] = {"Idempotency-Key": key}
    reply = await town.world.client.ask(method, town.url + path, caller, **more)
    if "Foldline-Position" in reply.headers:
        town.world.client.saw(reply)
    return reply


async def done(
    town: Town, caller: int | None, method: str, path: str, body: Any = None, key: str | None = None
) -> Reply:
    """The answer to a command that must succeed, and then tells where it stands."""
    reply = await command(town, caller, method, path, body, key)
    assert reply.status in (200, 201, 204), reply
    assert reply.headers["Foldline-Position"]
    return reply


async def operate(town: Town, act: str, user_id: int | str) -> Reply:
    """Whatever an operator's command answers."""
    assert town.world.admin is not None
    url = f"{town.world.admin}/admin/v1/users/{user_id}/{act}"
    headers = {"X-User-Role": "admin"}
    reply = await town.world.client.ask("POST", url, town.bob, headers=headers)
    if "Foldline-Position" in reply.headers:
        town.world.client.saw(reply)
    return reply


async def refused(
    town: Town, status: int, caller: int | None, method: str, path: str, body: Any = None
) -> None:
    """A command must be refused, and leave no event."""
    before = await town.ends()
    reply = await command(town, caller, method, path, body)
    assert (reply.status, "Foldline-Position" in reply.headers) == (status, False), reply
    assert await town.ends() == before


async def join(town: Town, name: str) -> int:
    """One more account, which the views have."""
    user_id = await town.world.client.join(f"{name}_{town.ann}")
    await town.world.client.folded()
    return user_id


async def join_elsewhere(town: Town, name: str) -> int:
    """One more account, which does not live where ann does."""
    home = town.world.commands.partition_of
    for number in range(64):
        user_id = await join(town, f"{name}{number}")
        if home(user_id) != home(town.ann):
            return user_id
    raise AssertionError("all accounts live in one partition")


async def post(town: Town, author: int, text: str = "hello", **more: Any) -> int:
    """A new tweet, which the views have."""
    reply = await done(town, author, "POST", TWEETS, {"text": text, **more})
    await town.world.client.folded()
    return int(reply.body["tweet_id"])


async def shown(town: Town, path: str, viewer: int | None = None) -> Any:
    """What a read shows once all that was done is folded."""
    await town.world.client.folded()
    return await town.world.client.get(path, viewer)


async def events_since(town: Town, ends: Sequence[int]) -> list[Event]:
    """What the log got beyond `ends`, partition by partition."""
    log = town.world.profile.log
    now = await log.ends()
    reader = await log.reader(dict(enumerate(ends)))
    found: list[Record] = []
    try:
        while len(found) < sum(now) - sum(ends):
            found += await reader.take(_TAKE_MAX, _WAIT_S)
    finally:
        await reader.close()
    return [
        Codec().decode(record.value).event for record in sorted(found, key=lambda r: r.position)
    ]


def newest_of(reply: Reply) -> dict[int, int]:
    """The positions of an answer: partition → offset."""
    told = reply.headers["Foldline-Position"].split(", ")
    return {int(p): int(o) for p, o in (position.split("-") for position in told)}
