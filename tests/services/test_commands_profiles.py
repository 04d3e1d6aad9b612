"""Commands on one's own account: its profile, its name, its end."""

import pytest

from foldline.core.events import AccountDeleted, AccountUpdated
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.worlds import world
from tests.services.commanding import (
    USERS,
    command,
    done,
    events_since,
    join,
    newest_of,
    post,
    refused,
    shown,
)
from tests.services.conftest import Town


async def test_patch_changes_what_is_given_and_nothing_else(town: Town) -> None:
    own = f"{USERS}/{town.ann}"
    for given in ({"display_name": "Ann"}, {"bio": "cafe\u0301", "user_id": str(town.ann)}):
        reply = await done(town, town.ann, "PATCH", own, given)
    assert (reply.status, reply.body["display_name"], reply.body["bio"]) == (200, "Ann", "café")
    found = await shown(town, own)
    assert (found["display_name"], found["bio"]) == ("Ann", "café")
    reply = await done(town, town.ann, "PATCH", own, {"bio": ""})
    assert (reply.body["display_name"], reply.body["bio"]) == ("Ann", "")


async def test_a_patch_of_nothing_is_no_event(town: Town) -> None:
    before = await town.ends()
    reply = await done(town, town.ann, "PATCH", f"{USERS}/{town.ann}", {})
    assert (reply.status, reply.body["user_id"]) == (200, str(town.ann))
    assert all(offset < before[partition] for partition, offset in newest_of(reply).items())
    assert await town.ends() == before


async def test_put_replaces_the_profile_whole(town: Town) -> None:
    own = f"{USERS}/{town.ann}"
    await done(town, town.ann, "PATCH", own, {"display_name": "Ann", "bio": "long"})
    await refused(town, 400, town.ann, "PUT", own, {"display_name": "Anna"})
    before = await town.ends()
    reply = await done(town, town.ann, "PUT", own, {"display_name": "", "bio": ""})
    found = await shown(town, own)
    assert found["display_name"] == reply.body["display_name"] == found["username"]
    assert found["bio"] == ""
    assert await events_since(town, before) == [
        AccountUpdated(town.ann, display_name=found["username"], bio="")
    ]


async def test_an_account_is_its_owners_alone(town: Town) -> None:
    own, whole = f"{USERS}/{town.ann}", {"display_name": "x", "bio": "y"}
    for method, body in (("PATCH", {"bio": "x"}), ("PUT", whole), ("DELETE", None)):
        await refused(town, 403, town.bob, method, own, body)
        await refused(town, 401, None, method, own, body)
        await refused(town, 404, town.bob, method, f"{USERS}/77", body)
    await refused(town, 403, town.ann, "PATCH", own, {"bio": "x", "user_id": str(town.bob)})


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": None},
        {"display_name": "x" * 51},
        {"bio": "x" * 161},
        {"bio": 5},
        {"username": "ann_the_second"},
        {"verified": True},
        {"followers_count": 5},
        [],
    ],
    ids=str,
)
async def test_what_no_one_may_change_is_refused(town: Town, body: object) -> None:
    await refused(town, 400, town.ann, "PATCH", f"{USERS}/{town.ann}", body)


async def test_a_deleted_account_is_gone_and_commands_nothing(town: Town) -> None:
    tweet = await post(town, town.ann)
    await done(town, town.ann, "POST", f"{USERS}/{town.bob}/follow")
    before = await town.ends()
    reply = await done(town, town.ann, "DELETE", f"{USERS}/{town.ann}")
    assert (reply.status, reply.body) == (204, "")
    assert AccountDeleted(town.ann) in await events_since(town, before)
    await town.world.client.folded()
    for method, path, body in (
        ("DELETE", f"{USERS}/{town.ann}", None),
        ("POST", "/api/v1/tweets", {"text": "still here"}),
        ("PATCH", f"{USERS}/{town.ann}", {"bio": "still here"}),
    ):
        await refused(town, 401, town.ann, method, path, body)
    await town.world.client.folded()
    for path in (f"{USERS}/{town.ann}", f"/api/v1/tweets/{tweet}"):
        assert (await town.world.client.ask("GET", town.url + path, town.bob)).status == 404
    for act in ("follow", "block", "mute"):
        await refused(town, 404, town.bob, "POST", f"{USERS}/{town.ann}/{act}")
        await refused(town, 404, town.bob, "DELETE", f"{USERS}/{town.ann}/{act}")
    for act in ("like", "retweet"):
        await refused(town, 404, town.bob, "POST", f"/api/v1/tweets/{tweet}/{act}")


async def test_the_name_of_a_deleted_account_is_taken_for_a_while(town: Town) -> None:
    cay = await join(town, "cay")
    name = (await shown(town, f"{USERS}/{cay}"))["username"]
    await done(town, cay, "DELETE", f"{USERS}/{cay}")
    await refused(town, 409, None, "POST", USERS, {"username": name})


@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_and_is_free_after_it(profile: str, world_settings: WorldSettings) -> None:
    settings = world_settings(profile, buckets=4, username_release_s=0)  # type: ignore[arg-type]
    async with world(settings) as made:
        town = Town(made, await made.client.join("ann"), await made.client.join("bob"))
        await done(town, town.ann, "DELETE", f"{USERS}/{town.ann}")
        reply = await done(town, None, "POST", USERS, {"username": "Ann"})
        assert int(reply.body["user_id"]) != town.ann
        found = await shown(town, f"{USERS}/by-username/ann")
        assert found["user_id"] == reply.body["user_id"]


@pytest.mark.parametrize("length, status", [(7, 400), (8, 201), (128, 201), (129, 400)])
async def test_a_password_has_8_to_128_characters(town: Town, length: int, status: int) -> None:
    body = {"username": f"len_{length}_{town.ann}"[:30], "password": "x" * length}
    reply = await command(town, None, "POST", USERS, body)
    assert reply.status == status
    assert "x" * 7 not in str(reply.body)
