"""The end of an account: final, and everywhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from foldline.core import events as ev
from foldline.settings import ProfileName
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.client import Reply
from tests.flow.worlds import World, world


class Home:
    """An installation with two accounts, asked over HTTP."""

    def __init__(self, running: World) -> None:
        self.world = running
        self.client = running.client

    async def act(self, method: str, path: str, user: int) -> Reply:
        reply = await self.client.ask(method, self.client.ingest + path, user)
        assert reply.status < 300, reply
        self.client.saw(reply)
        return reply

    async def folded(self) -> None:
        """Until all that was derived is in the views, too."""
        before: list[int] = []
        while before != (ends := await self.world.profile.log.ends()):
            before = ends
            self.client.positions |= {p: end - 1 for p, end in enumerate(ends) if end}
            await self.client.folded()


@asynccontextmanager
async def home(settings_of: WorldSettings, profile: ProfileName) -> AsyncIterator[Home]:
    async with world(settings_of(profile, buckets=4)) as running:
        yield Home(running)


@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_what_a_deleted_account_did_is_undone(
    profile: ProfileName, world_settings: WorldSettings
) -> None:
    async with home(world_settings, profile) as at:
        ann, bob = [await at.client.join(name) for name in ("ann", "bob")]
        tweet, reply = await at.client.post(ann, "hello"), 0
        await at.act("POST", f"/api/v1/users/{ann}/follow", bob)
        await at.act("POST", f"/api/v1/users/{bob}/follow", ann)
        await at.act("POST", f"/api/v1/tweets/{tweet}/like", bob)
        await at.act("POST", f"/api/v1/tweets/{tweet}/retweet", bob)
        body = {"text": "re", "reply_to_tweet_id": str(tweet)}
        said = await at.client.ask("POST", f"{at.client.ingest}/api/v1/tweets", bob, json=body)
        reply = int(said.body["tweet_id"])
        await at.folded()
        shown = await at.client.get(f"/api/v1/tweets/{tweet}", ann)
        assert [shown[f"{what}_count"] for what in ("likes", "retweets", "replies")] == [1, 1, 1]

        await at.act("DELETE", f"/api/v1/users/{bob}", bob)
        # As if two commands of it had been on their way: their events land behind the deletion.
        commands = at.world.commands
        await commands.append(ev.UserFollowed(bob, ann))
        await commands.append(ev.TweetLiked(ann, tweet, bob))
        await at.folded()

        shown = await at.client.get(f"/api/v1/tweets/{tweet}", ann)
        assert [shown[f"{what}_count"] for what in ("likes", "retweets", "replies")] == [0, 0, 0]
        profile_of_ann = await at.client.get(f"/api/v1/users/{ann}", ann)
        assert profile_of_ann["followers_count"] == 0
        assert profile_of_ann["following_count"] == 0
        timeline = await at.client.get("/api/v1/timeline", ann)
        assert [each["tweet_id"] for each in timeline["tweets"]] == [str(tweet)]
        url = at.client.query
        for path in (f"users/{bob}", f"users/{bob}/tweets", "users/by-username/bob"):
            assert (await at.client.ask("GET", f"{url}/api/v1/{path}", ann)).status == 404
        assert (await at.client.ask("GET", f"{url}/api/v1/tweets/{reply}", ann)).status == 404
        listed = await at.client.get("/api/v1/users", limit=100)
        assert str(bob) not in [each["user_id"] for each in listed["users"]]


async def test_a_name_is_free_again_after_its_delay(world_settings: WorldSettings) -> None:
    settings = world_settings("embedded", username_release_s=0)
    async with world(settings) as running:
        at = Home(running)
        old = await at.client.join("ann")
        await at.act("DELETE", f"/api/v1/users/{old}", old)
        new = await at.client.join("ann")
        await at.folded()
        shown = await at.client.get("/api/v1/users/by-username/ann")
        assert shown["user_id"] == str(new) != str(old)


async def test_of_a_deleted_account_nothing_is_taken_any_more(
    world_settings: WorldSettings,
) -> None:
    async with home(world_settings, "embedded") as at:
        ann, bob = [await at.client.join(name) for name in ("ann", "bob")]
        await at.folded()
        await at.act("DELETE", f"/api/v1/users/{ann}", ann)
        ends = await at.world.profile.log.ends()
        ingest = f"{at.client.ingest}/api/v1"
        post = await at.client.ask("POST", f"{ingest}/tweets", ann, json={"text": "x"})
        follow = await at.client.ask("POST", f"{ingest}/users/{ann}/follow", bob)
        again = await at.client.ask("DELETE", f"{ingest}/users/{ann}", ann)
        assert (post.status, follow.status, again.status) == (401, 404, 401)
        assert await at.world.profile.log.ends() == ends
