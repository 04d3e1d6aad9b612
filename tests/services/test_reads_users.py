"""Accounts: profiles, how the viewer stands to them, and lists with holes."""

from typing import Any, Final

import pytest

from foldline.core import events as ev
from foldline.web.schemas import UserOut, UserPage
from tests.conftest import WorldSettings
from tests.contracts.ids import several
from tests.services.scene import Scene, scene

LIMITS: Final = (1, 3, 100)
NOTHING: Final = {"following": False, "followed_by": False, "blocking": False, "muting": False}


async def relationship(read: Scene, user: int, viewer: int) -> Any:
    shown = (await read.get(f"/api/v1/users/{user}", viewer))["relationship"]
    assert shown.pop("user_id") == str(user)
    return shown


async def test_all_that_is_shown_of_an_account(read: Scene) -> None:
    ann, bob, cyd = await read.people(3, "Name")
    await read.follow(ann, bob, cyd)
    await read.follow(bob, ann)
    await read.posts(ann, 2)
    await read.happened(ev.AccountVerified(ann), ev.AccountUpdated(ann, bio="a “bio”"))
    shown = await read.get(f"/api/v1/users/{ann}")
    assert shown == await read.get(f"/api/v1/users/by-username/U{ann}")
    assert shown == await read.get(f"/api/v1/users/{ann}", ann)
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "user_id": str(ann),
        "username": f"u{ann}",
        "display_name": "Name",
        "bio": "a “bio”",
        "verified": True,
        "status": "active",
        "tweets_count": 2,
        "followers_count": 1,
        "following_count": 2,
        "relationship": None,
    }
    await read.happened(ev.AccountDeleted(bob))
    shown = await read.get(f"/api/v1/users/{ann}")
    assert (shown["followers_count"], shown["following_count"]) == (0, 1)


async def test_how_the_viewer_stands_to_an_account(read: Scene) -> None:
    viewer, ann = await read.people(2)
    assert await relationship(read, ann, viewer) == NOTHING
    for event, field in (
        (ev.UserFollowed(viewer, ann), "following"),
        (ev.UserMuted(viewer, ann), "muting"),
    ):
        await read.happened(event)
        assert (await relationship(read, ann, viewer))[field] is True
        assert (await relationship(read, viewer, ann))[field] is False
    follow = {"following": True, "followed_by": False}
    assert await relationship(read, ann, viewer) == NOTHING | follow | {"muting": True}
    assert await relationship(read, viewer, ann) == NOTHING | {"followed_by": True}
    await read.happened(ev.UserUnmuted(viewer, ann), ev.UserBlocked(viewer, ann))
    assert await relationship(read, ann, viewer) == NOTHING | {"blocking": True}
    assert (await read.ask(f"/api/v1/users/{viewer}", ann)).status == 404


async def test_relationships_in_a_list(read: Scene) -> None:
    viewer, ann, bob, cyd = await read.people(4)
    await read.follow(viewer, ann, bob)
    await read.follow(bob, viewer, ann)
    await read.happened(ev.UserMuted(viewer, bob), ev.UserFollowed(viewer, cyd))
    await read.follow(ann, bob, viewer, cyd)
    page = await read.get(f"/api/v1/users/{ann}/following", viewer)
    shown = {int(user["user_id"]): user["relationship"] for user in page["users"]}
    assert list(shown) == [viewer, bob, cyd]
    assert shown[viewer] is None
    both = {"following": True, "followed_by": True, "muting": True}
    assert shown[bob] == NOTHING | both | {"user_id": str(bob)}
    assert shown[cyd] == NOTHING | {"following": True, "user_id": str(cyd)}
    assert [user["following_count"] for user in page["users"]] == [3, 2, 0]


async def test_no_such_account(read: Scene) -> None:
    [gone] = await read.people(1)
    await read.happened(ev.AccountDeleted(gone))
    assert (await read.ask(f"/api/v1/users/by-username/u{gone}")).status == 404
    for user in (str(gone), str(gone + 1), "0", "abc"):
        for more in ("", "/tweets", "/followers", "/following", "/mutuals"):
            reply = await read.ask(f"/api/v1/users/{user}{more}")
            assert (reply.status, reply.body["title"]) == (404, "Not Found")


async def test_a_name_that_was_given_again_is_the_new_accounts(read: Scene) -> None:
    old, new = several(2)
    name = f"again_{old}"
    for user in (old, new):
        await read.happened(ev.AccountCreated(user, name))
        shown = await read.get(f"/api/v1/users/by-username/{name}")
        assert shown["user_id"] == str(user)
        if user == old:
            await read.happened(ev.AccountDeleted(user))


async def test_a_suspended_accounts_page_says_so(read: Scene) -> None:
    ann, bob = await read.people(2)
    await read.follow(ann, bob)
    await read.follow(bob, ann)
    await read.posts(ann)
    await read.happened(ev.AccountSuspended(ann))
    for viewer in (None, ann, bob):
        shown = await read.get(f"/api/v1/users/{ann}", viewer)
        assert (shown["status"], shown["tweets_count"]) == ("suspended", 1)
    for kind in ("followers", "following", "mutuals"):
        assert await read.users(f"/api/v1/users/{bob}/{kind}") == [ann]
        assert await read.users(f"/api/v1/users/{ann}/{kind}") == [bob]
    await read.happened(ev.AccountReinstated(ann))
    assert (await read.get(f"/api/v1/users/{ann}"))["status"] == "active"


@pytest.mark.parametrize("more", ["", "/tweets", "/followers", "/following", "/mutuals"])
async def test_who_is_blocked_sees_no_page_of_the_blocker(read: Scene, more: str) -> None:
    ann, bob, cyd = await read.people(3)
    await read.happened(ev.UserBlocked(ann, bob))
    statuses = [
        (await read.ask(f"/api/v1/users/{user}{more}", viewer)).status
        for user, viewer in ((ann, bob), (bob, ann), (ann, cyd), (ann, None))
    ]
    assert statuses == [404, 200, 200, 200]
    name = await read.ask(f"/api/v1/users/by-username/u{ann}", bob)
    assert name.status == 404


@pytest.mark.parametrize("kind", ["followers", "following", "mutuals"])
async def test_lists_are_full_and_go_on_behind_their_holes(read: Scene, kind: str) -> None:
    viewer, ann, *users = await read.people(32)
    edges = [(user, ann) for user in users] + [(ann, user) for user in users]
    if kind == "mutuals":
        one_way = set(users[::5])
        edges = [pair for pair in edges if pair[0] not in one_way]
    else:
        one_way = set()
    await read.happened(*(ev.UserFollowed(*pair) for pair in edges))
    await read.happened(
        *(ev.UserBlocked(viewer, user) for user in users[2:12]),
        *(ev.UserBlocked(user, viewer) for user in users[12:16]),
        *(ev.AccountDeleted(user) for user in (*users[16:22], users[-1])),
        ev.AccountSuspended(users[24]),
        ev.UserMuted(viewer, users[25]),
    )
    here = [user for user in users if user not in {*users[16:22], users[-1]} | one_way]
    path = f"/api/v1/users/{ann}/{kind}"
    for limit in LIMITS:
        shown = [user for user in here if user not in users[2:16]]
        assert await read.users(path, viewer, limit) == shown
        assert await read.users(path, None, limit) == here


async def test_the_directory_leaves_out_who_is_gone_or_blocked(read: Scene) -> None:
    viewer, *users = await read.people(30)
    await read.happened(
        *(ev.UserBlocked(viewer, user) for user in users[2:8]),
        *(ev.UserBlocked(user, viewer) for user in users[8:12]),
        *(ev.AccountDeleted(user) for user in users[12:20]),
        ev.AccountSuspended(users[25]),
    )
    here = {user for user in users if user not in users[12:20]}
    for limit in (3, 100):
        everybody = await read.users("/api/v1/users", None, limit)
        assert len(everybody) == len(set(everybody))
        assert here == set(users) & set(everybody)
        for_viewer = await read.users("/api/v1/users", viewer, limit)
        assert set(everybody) - set(for_viewer) == set(users[2:12])


async def test_a_list_that_looked_at_enough_is_short_and_goes_on(
    world_settings: WorldSettings,
) -> None:
    async with scene(world_settings("embedded", scan_max=4)) as read:
        viewer, ann, *users = await read.people(52)
        await read.happened(*(ev.UserFollowed(user, ann) for user in users))
        await read.happened(*(ev.UserBlocked(viewer, user) for user in users[1:-1]))
        path, cursor = f"/api/v1/users/{ann}/followers", None
        pages: list[list[int]] = []
        while cursor is not None or not pages:
            page = await read.get(path, viewer, limit=1, cursor=cursor)
            pages.append([int(user["user_id"]) for user in page["users"]])
            cursor = page["next_cursor"]
        assert [user for listed in pages for user in listed] == [users[0], users[-1]]
        assert len(pages) > 5


async def test_bodies_are_what_their_models_say(read: Scene) -> None:
    ann, bob = await read.people(2, 'plain \u2028 \\ " 🦉')
    await read.follow(bob, ann)
    body = await read.get(f"/api/v1/users/{ann}", bob)
    assert UserOut.model_validate(body, strict=True, extra="forbid").model_dump() == body
    page = await read.get(f"/api/v1/users/{ann}/followers", ann)
    assert UserPage.model_validate(page, strict=True, extra="forbid").model_dump() == page
    assert page["users"][0]["relationship"]["followed_by"] is True
