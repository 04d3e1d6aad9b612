"""Commands while the store is down, and while the views are behind the log."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from app.compose import checks_of, commands_of, serve
from foldline.clock import SystemClock
from foldline.core.events import AccountSuspended
from foldline.profiles import PROFILES, Profile, open_profile
from foldline.settings import Settings
from ingest.commands import Commands
from streams.runner import Runner
from tests.conftest import WorldSettings
from tests.flow.client import Client, client_of
from tests.flow.worlds import World
from tests.services.commanding import TWEETS, USERS, command, done, shown
from tests.services.conftest import Town

FOLLOWS_MAX = 3
UNASKED_S = 1.3  # a little longer than anything is remembered unasked


@dataclass
class Ingest:
    """Commands over views of their own, which can be taken away; what folds can be stopped."""

    settings: Settings
    profile: Profile
    commands: Commands
    client: Client
    admin: str
    folding: Runner = field(init=False)

    @property
    def town(self) -> Town:
        return Town(
            World(self.settings, self.profile, self.commands, self.client, admin=self.admin), 0, 0
        )

    async def stop_folding(self) -> None:
        await self.folding.stop()

    def fold(self) -> None:
        """Begin to fold again."""
        self.folding = Runner(self.profile.log, self.profile.views, self.settings, SystemClock())
        self.folding.start()

    async def store_down(self) -> None:
        await self.commands.views.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def ingest_of(settings: Settings) -> AsyncIterator[Ingest]:
    profile = await open_profile(settings)
    own = await PROFILES[settings.profile].views(settings, profile.generation)
    served = replace(profile, views=own)
    commands = commands_of(served, settings, SystemClock())
    running: Ingest | None = None
    try:
        http = await serve(served, settings, "both", checks_of(profile), commands)
        assert http.admin is not None
        try:
            async with client_of(http.url, ends=profile.log.ends) as client:
                running = Ingest(settings, profile, commands, client, http.admin.url)
                running.fold()
                yield running
        finally:
            await http.close()
    finally:
        if running is not None:
            await running.stop_folding()
        await own.close()
        await profile.close()


@pytest.fixture
async def ingest(world_settings: WorldSettings) -> AsyncIterator[Ingest]:
    async with ingest_of(
        world_settings("embedded", after_wait_s=0.3, follows_max=FOLLOWS_MAX)
    ) as running:
        yield running


async def test_who_was_known_lately_goes_on_posting_without_the_store(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    ann, bob = await client.join("ann"), await client.join("bob")
    tweet = await client.post(ann, "before")
    await client.folded()
    await done(town, ann, "POST", TWEETS, {"text": "known"})
    await ingest.store_down()
    await _unknown_again(ingest, ann, bob)
    posted = await done(town, ann, "POST", TWEETS, {"text": "still here"})
    assert posted.status == 201
    before = await ingest.profile.log.ends()
    reply = {"text": "hello", "reply_to_tweet_id": str(tweet)}
    for method, path, body in (
        ("POST", TWEETS, reply),
        ("DELETE", f"{TWEETS}/{tweet}", None),
        ("POST", f"{TWEETS}/{tweet}/like", None),
        ("DELETE", f"{TWEETS}/{tweet}/retweet", None),
        ("POST", f"{USERS}/{bob}/follow", None),
        ("DELETE", f"{USERS}/{bob}/follow", None),
        ("POST", f"{USERS}/{bob}/block", None),
        ("DELETE", f"{USERS}/{bob}/mute", None),
        ("PATCH", f"{USERS}/{ann}", {"bio": "hello"}),
        ("DELETE", f"{USERS}/{ann}", None),
    ):
        answer = await command(town, ann, method, path, body)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1"), (method, path)
    assert (await command(town, 4_242, "POST", TWEETS, {"text": "who"})).status == 503
    assert await ingest.profile.log.ends() == before


async def _unknown_again(ingest: Ingest, *users: int) -> None:
    """Wait until what is known of the accounts would be asked for again."""
    async with asyncio.timeout(5):
        for user in users:
            path = f"{USERS}/{user}/follow"
            while (await command(ingest.town, users[0], "DELETE", path)).status != 503:
                await asyncio.sleep(0.1)


async def test_a_count_that_comes_too_late_is_left_out(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    ann, bob = await client.join("ann"), await client.join("bob")
    tweet = await client.post(ann, "hello")
    await client.folded()
    await ingest.stop_folding()
    for act, count in (("like", "likes_count"), ("retweet", "retweets_count")):
        reply = await done(town, bob, "POST", f"{TWEETS}/{tweet}/{act}")
        assert reply.body == {"tweet_id": str(tweet), count: None}
        assert (reply.status, reply.headers["Foldline-Stale"]) == (200, "true")
    for method in ("POST", "DELETE"):
        reply = await done(town, bob, method, f"{USERS}/{ann}/block")
        assert reply.headers["Foldline-Stale"] == "true"


async def test_what_nobody_can_know_yet_is_unavailable_and_not_missing(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    ann, bob = await client.join("ann"), await client.join("bob")
    tweet = await client.post(ann, "hello")
    await client.folded()
    await ingest.stop_folding()
    await done(town, bob, "POST", f"{TWEETS}/{tweet}/retweet")
    before = await ingest.profile.log.ends()
    for method, path in (
        ("DELETE", f"{TWEETS}/{tweet}/retweet"),
        ("POST", f"{TWEETS}/77/like"),
        ("DELETE", f"{TWEETS}/{await client.post(ann, 'not folded')}"),
    ):
        assert (await command(town, ann if "77" in path else bob, method, path)).status == 503
    assert sum(await ingest.profile.log.ends()) == sum(before) + 1


async def test_a_retweet_is_taken_back_only_where_it_is_known_which(ingest: Ingest) -> None:
    """The views know the one before it, which is gone."""
    town, client = ingest.town, ingest.client
    ann, bob = await client.join("ann"), await client.join("bob")
    path = f"{TWEETS}/{await client.post(ann, 'hello')}/retweet"
    await done(town, bob, "POST", path)
    first = (await shown(town, f"{USERS}/{bob}/tweets"))["tweets"][0]["tweet_id"]
    await ingest.stop_folding()
    await done(town, bob, "DELETE", f"{TWEETS}/{first}")
    await done(town, bob, "POST", path)
    assert (await command(town, bob, "DELETE", path)).status == 503
    ingest.fold()
    assert len((await shown(town, f"{USERS}/{bob}/tweets"))["tweets"]) == 1
    await done(town, bob, "DELETE", path)
    assert (await shown(town, f"{USERS}/{bob}/tweets"))["tweets"] == []


async def test_the_limit_of_follows_counts_what_is_not_folded(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    reader, *others = [await client.join(f"user_{n}") for n in range(FOLLOWS_MAX + 2)]
    await client.folded()
    await ingest.stop_folding()
    for other in others[:-1]:
        await client.follow(reader, other)
    path = f"{USERS}/{others[-1]}/follow"
    assert (await command(town, reader, "POST", path)).status == 503
    ingest.fold()
    await client.folded()
    assert (await command(town, reader, "POST", path)).status == 409


async def test_a_new_account_commands_before_the_views_know_it(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    await ingest.stop_folding()
    ann, bob = await client.join("ann"), await client.join("bob")
    await done(town, ann, "POST", f"{USERS}/{bob}/follow")
    begun = time.monotonic()
    while time.monotonic() < begun + UNASKED_S:
        await done(town, ann, "DELETE", f"{USERS}/{bob}/follow")
        await done(town, ann, "POST", TWEETS, {"text": "hello"})


async def test_a_suspension_by_another_process_is_in_force_a_second_later(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    ann = await client.join("ann")
    await client.post(ann, "known")
    position = await ingest.commands.append(AccountSuspended(ann))
    assert await ingest.commands.watch.passed([position], 5.0)
    begun = time.monotonic()
    while (await command(town, ann, "POST", TWEETS, {"text": "hello"})).status != 403:
        assert time.monotonic() < begun + UNASKED_S


async def test_and_at_once_where_it_is_told(ingest: Ingest) -> None:
    town, client = ingest.town, ingest.client
    ann, bob = await client.join("ann"), await client.join("bob")
    for user in (ann, bob):
        await client.post(user, "known")
    position = await ingest.commands.append(AccountSuspended(ann))
    assert await ingest.commands.watch.passed([position], 5.0)
    ingest.commands.standing.forget([ann, bob])
    assert (await command(town, ann, "POST", TWEETS, {"text": "hello"})).status == 403
    await done(town, bob, "POST", TWEETS, {"text": "hello"})
