"""An operator's commands: suspended, reinstated, verified."""

import pytest

from foldline.core.events import AccountReinstated, AccountSuspended, AccountVerified
from tests.services.commanding import (
    TWEETS,
    USERS,
    done,
    events_since,
    operate,
    post,
    refused,
    shown,
)
from tests.services.conftest import Town

ACTS = {
    "suspend": AccountSuspended,
    "reinstate": AccountReinstated,
    "verify": AccountVerified,
}


async def test_a_suspended_account_commands_nothing_until_it_is_reinstated(town: Town) -> None:
    tweet = await post(town, town.bob)
    own = await post(town, town.ann)
    reply = await operate(town, "suspend", town.ann)
    assert (reply.status, reply.body["status"]) == (200, "suspended")
    await town.world.client.folded()
    profile = {"display_name": "x", "bio": "y"}
    for method, path, body in (
        ("POST", TWEETS, {"text": "hello"}),
        ("POST", "/api/v1/tweet", {"text": "hello"}),
        ("POST", "/api/v1/follow", {"follow_user_id": str(town.bob)}),
        ("PATCH", f"{USERS}/{town.ann}", {"bio": "x"}),
        ("PUT", f"{USERS}/{town.ann}", profile),
        ("DELETE", f"{USERS}/{town.ann}", None),
        ("DELETE", f"{TWEETS}/{own}", None),
        *(
            (m, f"{TWEETS}/{tweet}/{a}", None)
            for m in ("POST", "DELETE")
            for a in ("like", "retweet")
        ),
        *(
            (m, f"{USERS}/{town.bob}/{a}", None)
            for m in ("POST", "DELETE")
            for a in ("follow", "block", "mute")
        ),
    ):
        await refused(town, 403, town.ann, method, path, body)
    reply = await operate(town, "reinstate", town.ann)
    assert (reply.status, reply.body["status"]) == (200, "active")
    await done(town, town.ann, "POST", f"{TWEETS}/{tweet}/like")


async def test_a_suspended_accounts_tweets_are_not_there_for_any_command(town: Town) -> None:
    tweet = await post(town, town.ann)
    await done(town, town.ann, "POST", f"{TWEETS}/{await post(town, town.bob)}/retweet")
    page = await shown(town, f"{USERS}/{town.ann}/tweets")
    retweet = page["tweets"][0]["tweet_id"]
    await operate(town, "suspend", town.ann)
    await town.world.client.folded()
    for each in (tweet, retweet):
        for method in ("POST", "DELETE"):
            for act in ("like", "retweet"):
                await refused(town, 404, town.bob, method, f"{TWEETS}/{each}/{act}")
        reply = {"text": "hello", "reply_to_tweet_id": str(each)}
        await refused(town, 404, town.bob, "POST", TWEETS, reply)
    await done(town, town.bob, "POST", f"{USERS}/{town.ann}/follow")
    await operate(town, "reinstate", town.ann)
    await town.world.client.folded()
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/like")


async def test_a_verified_account_is_shown_as_such(town: Town) -> None:
    reply = await operate(town, "verify", town.ann)
    assert (reply.status, reply.body["verified"]) == (200, True)
    assert (await shown(town, f"{USERS}/{town.ann}"))["verified"]
    posted = await done(town, town.ann, "POST", TWEETS, {"text": "hello"})
    assert posted.body["verified"]
    renamed = await done(town, town.ann, "PATCH", f"{USERS}/{town.ann}", {"display_name": "Ann"})
    assert renamed.body["verified"]


@pytest.mark.parametrize("act", ACTS)
async def test_an_operators_command_may_be_repeated(town: Town, act: str) -> None:
    await shown(town, USERS)
    before = await town.ends()
    replies = [await operate(town, act, town.ann) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body == replies[1].body
    kinds = {type(event) for event in await events_since(town, before)}
    assert kinds == {ACTS[act]}


@pytest.mark.parametrize("act", ACTS)
async def test_it_is_an_operators_and_about_somebody(town: Town, act: str) -> None:
    before = await town.ends()
    assert town.world.admin is not None
    path = f"/admin/v1/users/{town.ann}/{act}"
    ask = town.world.client.ask
    assert (await ask("POST", town.world.admin + path, town.bob)).status == 403
    assert (await ask("POST", town.world.admin + path)).status == 401
    as_admin = {"X-User-Role": "admin"}
    assert (await ask("POST", town.url + path, town.bob, headers=as_admin)).status == 404
    for nobody in ("77", "0", "ann"):
        assert (await operate(town, act, nobody)).status == 404
    await done(town, town.ann, "DELETE", f"{USERS}/{town.ann}")
    assert (await operate(town, act, town.ann)).status == 404
    assert sum(await town.ends()) == sum(before) + 1
