"""An unfollow shows at once, whatever of the author's tweets still lies in the timeline."""

from foldline.core.span import Span
from tests.conftest import WorldSettings
from tests.flow.worlds import world

CAP, TWEETS = 2, 5


async def test_newest_entries_are_taken_back_and_the_rest_is_not_shown(
    world_settings: WorldSettings,
) -> None:
    async with world(world_settings("embedded", cap=CAP, trim_samples=0)) as made:
        client = made.client
        ada, bob = await client.join("ada"), await client.join("bob")
        await client.follow(bob, ada)
        tweets = [await client.post(ada, f"number {number}") for number in range(TWEETS)]
        await client.unfollow(bob, ada)
        await client.folded()
        rows = await made.profile.views.timeline(bob, Span(10))
        assert rows.tweets.tolist() == tweets[: TWEETS - CAP][::-1]
        assert (await client.get("/api/v1/timeline", bob))["tweets"] == []
