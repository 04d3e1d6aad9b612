"""Follows: whom they name, and in which order they are refused."""

import pytest

from tests.services.commanding import USERS, done, refused, shown
from tests.services.conftest import Town


async def test_ids_in_the_body_may_repeat_the_caller_and_the_path(town: Town) -> None:
    agreeing = {"follower_id": str(town.ann), "followee_id": str(town.bob)}
    path = f"{USERS}/{town.bob}/follow"
    for body in (agreeing, {"user_id": str(town.ann)}, {"user_id": str(town.bob)}, {}, None):
        reply = await done(town, town.ann, "POST", path, body)
        assert (reply.status, reply.body) == (201, {**agreeing, "following": True})
        await done(town, town.ann, "DELETE", path)
    named = {"follow_user_id": str(town.bob), **agreeing}
    reply = await done(town, town.ann, "POST", "/api/v1/follow", named)
    assert (reply.status, reply.body) == (201, {**agreeing, "following": True})
    found = await shown(town, f"{USERS}/{town.bob}", town.ann)
    assert found["relationship"]["following"]


@pytest.mark.parametrize("field", ["user_id", "follower_id", "followee_id"])
async def test_ids_that_name_another_are_refused(town: Town, field: str) -> None:
    wrong = {field: "77"}
    await refused(town, 403, town.ann, "POST", f"{USERS}/{town.bob}/follow", wrong)
    named = {"follow_user_id": str(town.bob), **wrong}
    await refused(town, 403, town.ann, "POST", "/api/v1/follow", named)


async def test_the_body_comes_before_the_caller_and_the_caller_before_the_target(
    town: Town,
) -> None:
    for path in (f"{USERS}/{town.ann}/follow", f"{USERS}/77/follow"):
        await refused(town, 400, 4_242, "POST", path, {"following": True})
        await refused(town, 401, 4_242, "POST", path, {"follower_id": str(town.ann)})
        await refused(town, 401, None, "POST", path)
    await refused(town, 404, town.ann, "POST", f"{USERS}/77/follow")
    await refused(town, 409, town.ann, "POST", f"{USERS}/{town.ann}/follow")


async def test_an_unfollow_of_nobody_is_refused_and_of_a_stranger_is_not(town: Town) -> None:
    await refused(town, 404, town.ann, "DELETE", f"{USERS}/77/follow")
    reply = await done(town, town.ann, "DELETE", f"{USERS}/{town.bob}/follow")
    assert (reply.status, reply.body) == (204, "")
