"""The home timeline: its sentence, rule by rule, and its pages where much of it is hidden."""

from dataclasses import dataclass
from typing import Final

import pytest

from foldline.core import events as ev
from foldline.core.span import Span
from tests.conftest import WorldSettings
from tests.services.scene import Scene, scene

TIMELINE: Final = "/api/v1/timeline"
LIMITS: Final = (1, 2, 7, 100)


@dataclass(frozen=True)
class Home:
    """A viewer who follows ann, and bob, whom the viewer does not follow but ann retweets."""

    viewer: int
    ann: int
    bob: int
    of_ann: int
    of_bob: int
    retweet: int

    async def shown(self, read: Scene) -> list[int]:
        return await read.tweets(TIMELINE, self.viewer)


@pytest.fixture
async def home(read: Scene) -> Home:
    viewer, ann, bob = await read.people(3)
    await read.follow(viewer, ann)
    [of_bob] = await read.posts(bob)
    [of_ann] = await read.posts(ann)
    retweet = await read.retweeted(ann, of_bob)
    return Home(viewer, ann, bob, of_ann, of_bob, retweet)


async def test_who_is_followed_is_shown_with_what_they_retweet(read: Scene, home: Home) -> None:
    assert await home.shown(read) == [home.retweet, home.of_ann]
    assert await read.tweets(TIMELINE, home.ann) == [home.retweet, home.of_ann]
    assert await read.tweets(TIMELINE, home.bob) == [home.of_bob]


async def test_what_a_suspended_account_wrote_vanishes_and_comes_back(
    read: Scene, home: Home
) -> None:
    for suspended, left in ((home.ann, []), (home.bob, [home.of_ann])):
        await read.happened(ev.AccountSuspended(suspended))
        assert await home.shown(read) == left
        await read.happened(ev.AccountReinstated(suspended))
        assert await home.shown(read) == [home.retweet, home.of_ann]


async def test_a_suspended_reader_reads_on_without_own_tweets(read: Scene, home: Home) -> None:
    await read.posts(home.viewer)
    await read.happened(ev.AccountSuspended(home.viewer))
    assert await home.shown(read) == [home.retweet, home.of_ann]


async def test_what_a_deleted_account_wrote_is_gone(read: Scene, home: Home) -> None:
    await read.happened(ev.AccountDeleted(home.bob))
    assert await home.shown(read) == [home.of_ann]
    await read.happened(ev.AccountDeleted(home.ann))
    assert await home.shown(read) == []
    assert (await read.ask(TIMELINE, home.ann)).status == 404


@pytest.mark.parametrize("by_viewer", [True, False])
async def test_a_block_hides_in_both_directions(read: Scene, home: Home, by_viewer: bool) -> None:
    for other, left in ((home.bob, [home.of_ann]), (home.ann, [])):
        pair = (home.viewer, other) if by_viewer else (other, home.viewer)
        await read.happened(ev.UserBlocked(*pair))
        assert await home.shown(read) == left
        await read.happened(ev.UserUnblocked(*pair))
    assert await home.shown(read) == []  # the follow ended with the block


async def test_a_mute_hides_tweets_and_retweets_of_them_and_ends(read: Scene, home: Home) -> None:
    for muted, left in ((home.bob, [home.of_ann]), (home.ann, [])):
        await read.happened(ev.UserMuted(home.viewer, muted))
        assert await home.shown(read) == left
        await read.happened(ev.UserUnmuted(home.viewer, muted))
        assert await home.shown(read) == [home.retweet, home.of_ann]


async def test_a_mute_counts_for_the_muter_alone(read: Scene, home: Home) -> None:
    await read.happened(ev.UserMuted(home.ann, home.viewer), ev.UserMuted(home.bob, home.ann))
    assert await home.shown(read) == [home.retweet, home.of_ann]


async def test_a_retweet_of_one_who_is_followed_too_is_not_shown(read: Scene, home: Home) -> None:
    await read.follow(home.viewer, home.bob)
    assert await home.shown(read) == [home.of_ann, home.of_bob]
    await read.happened(ev.UserUnfollowed(home.viewer, home.bob))
    assert await home.shown(read) == [home.retweet, home.of_ann]


async def test_a_retweet_of_ones_own_is_not_shown(read: Scene, home: Home) -> None:
    [own] = await read.posts(home.viewer)
    by_ann = await read.retweeted(home.ann, own)
    assert await home.shown(read) == [own, home.retweet, home.of_ann]
    assert (await read.tweets(f"/api/v1/users/{home.ann}/tweets", home.viewer))[0] == by_ann


async def test_ones_own_retweet_is_shown_like_anybodys(read: Scene, home: Home) -> None:
    of_ann_again = await read.retweeted(home.viewer, home.of_ann)
    own = await read.retweeted(home.viewer, home.of_bob)
    assert await home.shown(read) == [own, home.retweet, home.of_ann]
    listed = await read.tweets(f"/api/v1/users/{home.viewer}/tweets")
    assert listed == [own, of_ann_again]


async def test_a_retweet_goes_with_its_original(read: Scene, home: Home) -> None:
    await read.happened(ev.TweetDeleted(home.bob, home.of_bob))
    assert await home.shown(read) == [home.of_ann]


async def test_a_reply_is_shown_whatever_it_answers(read: Scene, home: Home) -> None:
    [reply] = await read.posts(home.ann, reply_to=home.of_bob)
    await read.happened(ev.TweetDeleted(home.bob, home.of_bob), ev.AccountSuspended(home.bob))
    assert (await home.shown(read))[0] == reply


async def test_pages_are_full_and_go_on_behind_any_number_of_hidden_tweets(read: Scene) -> None:
    viewer, ann, suspended, muted, gone = await read.people(5)
    await read.follow(viewer, ann, suspended, muted, gone)
    shown: list[int] = []
    events: list[ev.Event] = []
    for author, count in ((ann, 3), (suspended, 90), (ann, 1), (muted, 60), (ann, 9), (gone, 40)):
        posts = [read.posted(author) for _ in range(count)]
        events += posts
        shown += [post.tweet_id for post in posts if author == ann]
    await read.happened(*events)
    ends = [ev.AccountSuspended(suspended), ev.UserMuted(viewer, muted), ev.AccountDeleted(gone)]
    await read.happened(*ends)
    for limit in LIMITS:
        assert await read.walk(TIMELINE, viewer, limit) == shown[::-1]


async def test_a_page_that_looked_at_enough_is_short_and_goes_on(
    world_settings: WorldSettings,
) -> None:
    async with scene(world_settings("embedded", scan_max=10)) as read:
        viewer, ann, suspended = await read.people(3)
        await read.follow(viewer, ann, suspended)
        [oldest] = await read.posts(ann)
        await read.posts(suspended, 200)
        [newest] = await read.posts(ann)
        await read.happened(ev.AccountSuspended(suspended))
        page = await read.get(TIMELINE, viewer, limit=2)
        for way, sought in (("next_cursor", oldest), ("prev_cursor", newest)):
            rounds, found = 0, list[str]()
            while str(sought) not in found:
                page = await read.get(TIMELINE, viewer, limit=2, cursor=page[way])
                found += [tweet["tweet_id"] for tweet in page["tweets"]]
                rounds += 1
            assert rounds > 5
            assert len(found) == 1


async def test_below_the_floor_the_same_rules_hold(world_settings: WorldSettings) -> None:
    async with scene(world_settings("embedded", cap=2, promote_at=4, demote_below=4)) as read:
        viewer, ann, bob, muted, star, *fans = await read.people(9)
        await read.follow(viewer, ann, muted)
        for fan in fans:
            await read.follow(fan, star)
        shown: list[int] = []
        for _ in range(4):
            [of_bob, *_] = await read.posts(bob)
            shown += await read.posts(ann, 3)
            await read.posts(muted, 3)
            shown += await read.posts(star)
            shown.append(await read.retweeted(ann, of_bob))
            await read.retweeted(ann, (await read.posts(muted))[0])
        await read.happened(ev.UserUnfollowed(viewer, ann))
        await read.follow(viewer, ann, star)
        await read.happened(ev.UserMuted(viewer, muted))
        assert await read.profile.views.floor(viewer) > 0
        assert (await read.profile.views.timeline(viewer, Span(99))).tweets.size < len(shown)
        assert (await read.profile.views.celebrities()).tolist() == [star]
        for limit in LIMITS:
            assert await read.walk(TIMELINE, viewer, limit) == sorted(shown, reverse=True)
