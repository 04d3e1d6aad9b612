"""An author crosses the celebrity threshold under a reader's eyes: no tweet is ever hidden."""

import time

import pytest

from foldline.settings import ProfileName
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.client import Client
from tests.flow.worlds import world

PROMOTE_AT = 4
LIFETIME_S = 0.8  # of a reader's copy of the celebrities


async def _post_and_read(client: Client, author: int, reader: int, until: float) -> int:
    """Posts, each read as soon as it is folded. How many there were."""
    posts = 0
    while time.monotonic() < until:
        tweet = await client.post(author, "what now?")
        await client.folded()
        shown = [int(each["tweet_id"]) for each in await _newest(client, reader)]
        assert shown[:1] == [tweet]
        assert len(set(shown)) == len(shown)
        posts += 1
    return posts


async def _newest(client: Client, reader: int) -> list[dict[str, str]]:
    page = await client.get("/api/v1/timeline", reader, limit=20)
    tweets: list[dict[str, str]] = page["tweets"]
    return tweets


@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_a_crossing_hides_nothing_while_it_happens(
    profile: ProfileName, world_settings: WorldSettings
) -> None:
    settings = world_settings(
        profile,
        buckets=4,
        promote_at=PROMOTE_AT,
        demote_below=PROMOTE_AT,
        celebrity_cache_s=LIFETIME_S,
        request_timeout_s=LIFETIME_S,
    )
    async with world(settings) as running:
        client = running.client
        author, reader, *others = [await client.join(f"user_{n}") for n in range(PROMOTE_AT + 1)]
        await client.follow(reader, author)
        for other in others[1:]:
            await client.follow(other, author)
        for crossing in (client.follow, client.unfollow):
            await _newest(client, reader)  # from here on the service has a copy, soon a wrong one
            await crossing(others[0], author)
            posts = await _post_and_read(
                client, author, reader, time.monotonic() + 1.2 * settings.settle_s
            )
            assert posts > 3
        celebrities = await running.profile.views.celebrities()
        assert celebrities.tolist() == []
