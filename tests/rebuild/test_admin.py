"""The operators' API: all that the commands of rebuilds do, asked of a running installation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from foldline.generation import Stage
from foldline.log.port import NewRecord
from streams.rebuild.builds import build_of
from tests.conftest import WorldSettings
from tests.flow.worlds import World, world
from tests.rebuild.corruptions import CORRUPTIONS, last_words, place
from tests.rebuild.world import RebuiltWorld, reed

POLL_S = 0.1
MAX_S = 60.0
ADMIN = {"X-User-ID": "1", "X-User-Role": "admin"}


@pytest.fixture
async def running(world_settings: WorldSettings) -> AsyncIterator[World]:
    async with world(world_settings("embedded", partitions=4)) as made:
        built = RebuiltWorld(made.settings, made.profile)
        await built.append([*reed(2, people=40, tweets=100), *last_words()])
        await made.client.folded()
        yield made


async def asked(running: World, method: str, path: str, status: int = 200, **more: Any) -> Any:
    url = f"{running.client.admin}/admin/v1/{path}"
    reply = await running.client.ask(method, url, headers=ADMIN, **more)
    assert reply.status == status, (path, reply.body)
    return reply.body


async def carried_out(running: World, method: str, path: str, **more: Any) -> Any:
    """An order's answer."""
    order = await asked(running, method, path, 202, **more)
    async with asyncio.timeout(MAX_S):
        while order["state"] == "running":
            await asyncio.sleep(POLL_S)
            order = await asked(running, "GET", f"orders/{order['order_id']}")
    assert order["ended_at"] >= order["begun_at"]
    return order


async def reached(running: World, number: int, stage: str) -> Any:
    async with asyncio.timeout(MAX_S):
        while True:
            found = (await asked(running, "GET", "views"))["generations"]
            for each in found:
                if (each["generation"], each["stage"]) == (number, stage):
                    return each
            await asyncio.sleep(POLL_S)


async def served(running: World) -> int:
    found = (await asked(running, "GET", "views"))["generations"]
    return next(int(each["generation"]) for each in found if each["served"])


async def test_a_rebuild_from_its_order_to_the_end_of_the_old(running: World) -> None:
    events = sum(await running.profile.log.ends())
    assert (await asked(running, "POST", "rebuilds/estimate"))["events"] == events
    begun = await asked(running, "POST", "rebuilds", 202, json={"cap": 50})
    assert begun == {"generation": 2, "stage": "replaying", "pace": 1.0}
    await asked(running, "POST", "rebuilds", 409)
    made = await reached(running, 2, "following")
    assert (made["cap"], made["served"], made["lag"]) == (50, False, 0)

    refused = await asked(running, "POST", "views/2/switch", 409)
    assert "it was never verified" in refused["detail"]
    verified = await carried_out(running, "POST", "views/2/verify")
    assert verified["answer"]["differing"] == {"1": 0, "2": 0}
    assert (await reached(running, 2, "following"))["verdict"]["clean"] is True
    answer = await asked(running, "POST", "views/2/switch")
    assert (answer, await served(running)) == ({"generation": 2, "overridden": []}, 2)
    assert (await asked(running, "POST", "views/rollback"))["generation"] == 1
    assert (await asked(running, "POST", "views/2/switch"))["generation"] == 2

    refused = await carried_out(running, "DELETE", "views/2")
    assert (refused["state"], "is served" in refused["error"]) == ("refused", True)
    assert (await carried_out(running, "DELETE", "views/1"))["state"] == "done"
    assert [g["generation"] for g in (await asked(running, "GET", "views"))["generations"]] == [2]
    await asked(running, "POST", "views/1/verify", 404)


async def test_a_rebuild_is_paused_and_cancelled(running: World) -> None:
    await asked(running, "POST", "rebuilds/pace", 404, json={"pace": 0})
    await asked(running, "POST", "rebuilds", 202)
    assert (await asked(running, "POST", "rebuilds/pace", json={"pace": 0}))["pace"] == 0
    cancelled = await asked(running, "POST", "rebuilds/cancel", 202)
    assert cancelled["stage"] == "cancelled"
    control = running.profile.control
    async with asyncio.timeout(MAX_S):
        while (await build_of(control, 2)).stage is not Stage.DROPPED:
            await asyncio.sleep(POLL_S)
    assert [each.number for each in await control.generations()] == [1]
    assert list(running.settings.data_dir.glob("*g2*")) == []


async def test_a_loss_is_explained_found_and_repaired(running: World) -> None:
    at = await place(RebuiltWorld(running.settings, running.profile))
    viewer, lost = str(at.user), str((await at.rows())[0])
    entry = {"user_id": viewer, "tweet_id": lost}
    assert (await asked(running, "GET", "explain", params=entry))["served"] is True
    await at.views.apply(await CORRUPTIONS["truncated_bucket"](at), {})
    found = await asked(running, "GET", "explain", params=entry)
    assert (found["tweet_id"], found["due"], found["served"]) == (lost, True, False)
    assert found["causes"][0]["at"].endswith("Z")
    was = await asked(running, "GET", "timeline-as-of", params={"user_id": viewer, "limit": "9"})
    assert len(was["entries"]) == 9
    assert lost in [entry["tweet_id"] for entry in was["entries"]]

    audit = await carried_out(running, "POST", "audits", json={"accounts": 1_000, "repair": False})
    assert at.user in audit["answer"]["accounts_wrong"]
    assert (await asked(running, "GET", "views"))["audit"]["wrong"] == audit["answer"]["wrong"]
    scope: dict[str, Any] = {"users": [viewer]}
    planned = await carried_out(running, "POST", "repairs", json=scope | {"dry_run": True})
    done = await carried_out(running, "POST", "repairs", json=scope)
    assert planned["answer"]["rows"] == done["answer"]["rows"] > 0
    assert (await asked(running, "GET", "explain", params=entry))["served"] is True
    again = await carried_out(running, "POST", "audits", json={"accounts": 1_000})
    assert again["answer"]["wrong"] == 0

    for path in ("explain", "timeline-as-of"):
        missing = {"user_id": "5", **({"tweet_id": "5"} if path == "explain" else {})}
        await asked(running, "GET", path, 404, params=missing)
    wrong = {"user_id": viewer, "as_of": "yesterday"}
    await asked(running, "GET", "timeline-as-of", 400, params=wrong)
    await asked(running, "POST", "repairs", 400, json={"dry_run": True})
    await asked(running, "GET", "orders/999", 404)


async def test_what_could_not_be_folded_is_told(running: World) -> None:
    at = await running.profile.log.append(NewRecord(1, b"no event"))
    async with asyncio.timeout(MAX_S):
        while not (found := await asked(running, "GET", "dead-letters"))["letters"]:
            await asyncio.sleep(POLL_S)
    assert found["letters"][0]["value"] == b"no event".hex()
    assert found["letters"][0]["position"] == str(at)
    await asked(running, "POST", "dead-letters", 400, json={"position": str(at)})
    await asked(running, "POST", "dead-letters", 404, json={"position": "0-999999"})
