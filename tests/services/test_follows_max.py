"""An account follows so many others, and no more."""

import pytest

from foldline.settings import ProfileName
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.client import UnexpectedAnswerError
from tests.flow.worlds import world

MOST = 3


@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_one_more_is_refused_until_another_ends(
    profile: ProfileName, world_settings: WorldSettings
) -> None:
    settings = world_settings(profile, buckets=4, follows_max=MOST)
    async with world(settings) as running:
        client = running.client
        reader, *others = [await client.join(f"user_{n}") for n in range(MOST + 2)]
        for other in others[:MOST]:
            await client.follow(reader, other)
        await client.folded()
        ends = await running.profile.log.ends()
        with pytest.raises(UnexpectedAnswerError, match=f"409 .*at most {MOST} others"):
            await client.follow(reader, others[MOST])
        assert await running.profile.log.ends() == ends
        await client.unfollow(reader, others[0])
        await client.folded()
        await client.follow(reader, others[MOST])
        await client.folded()
        assert (await client.get(f"/api/v1/users/{reader}"))["following_count"] == MOST
