"""The passes of a rebuild by themselves: dealt out to disk, split into shares, taken up again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from foldline.core import events as ev
from foldline.core.effects import Effect
from foldline.core.ids import partition_of
from foldline.generation import Build, Generation, Stage
from foldline.log.port import NewRecord
from foldline.views.port import Views
from streams.instance import folding
from streams.rebuild import replay
from streams.rebuild.builds import changed
from streams.rebuild.filling import Filling, shares_of
from streams.rebuild.notes import AbandonedError, Folder
from streams.rebuild.replay import Replay
from tests.conftest import WorldSettings
from tests.rebuild.world import SMALL, RebuiltWorld, reed, world_of

BYTES_EACH = 1 << 20  # as if all that survives were of a megabyte
FICKLE = 2_000  # likes that are taken back


@pytest.fixture
async def world(world_settings: WorldSettings) -> AsyncIterator[RebuiltWorld]:
    shape = SMALL | {"promote_at": 30, "demote_below": 20, "rebuild_processes": 2}
    async with world_of(world_settings("embedded", **shape)) as made:
        await made.append(reed(8, people=30, tweets=60))
        await made.profile.log.append(NewRecord(1, b"no event"))
        await made.fold(made.profile.generation, made.profile.views)
        yield made


async def begun(world: RebuiltWorld) -> tuple[Build, Folder]:
    made = Generation(2, 16, 4)
    build = Build(made, Stage.REPLAYING, tuple(await world.profile.log.ends()), 0)
    assert await world.profile.control.begin_build(build)
    await world.prepare()
    folder = Folder.of(world.settings, 2)
    folder.make()
    return build, folder


class Stopping:
    """Views that stop after so many writes, as a killed process does."""

    def __init__(self, views: Views, writes: int) -> None:
        self._views = views
        self.left = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)

    async def apply(self, effects: list[Effect], progress: dict[int, int]) -> None:
        if self.left == 0:
            raise AbandonedError("killed")
        self.left -= 1
        await self._views.apply(effects, progress)


async def test_a_partition_larger_than_the_memory_is_dealt_out_to_disk(
    world: RebuiltWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_BYTES_EACH", BYTES_EACH)
    monkeypatch.setattr(replay, "_LOOK_EVERY", 1)
    build, folder = await begun(world)
    settings = world.settings
    async with world.views(build.generation) as views:
        for partition in range(4):
            await Replay(world.profile.log, views, settings, build, folder).run(partition)
            assert folder.shards(partition) > 2
            assert folder.done(f"replay-{partition}") == build.ends[partition]
        shards = sum(folder.shards(partition) for partition in range(4))
        assert len(folder.segments()) == shards
        assert not list(folder.path.glob("*.events")), "what was dealt out is removed"
        own = folding(settings, build.generation)
        for share in (0, 1):
            await Filling(views, own, folder, own.cap, 2).run(share)
        await views.apply([], dict(enumerate(build.ends)))
        assert await world.wrong_in(views) == []
        (letter,) = await views.dead_letters(None, 10)
        assert [letter] == await world.profile.views.dead_letters(None, 10)


async def test_what_was_cut_off_is_taken_up_where_it_was(world: RebuiltWorld) -> None:
    build, folder = await begun(world)
    own = folding(world.settings.model_copy(update={"rows_per_part": 40}), build.generation)
    async with world.views(build.generation) as views:
        for partition in range(4):
            await Replay(world.profile.log, views, own, build, folder).run(partition)

        def filling(stopping: Any) -> Filling:
            return Filling(stopping, own, folder, own.cap, 1)

        times = 0
        while folder.done("fill-0") <= folder.done("fill-0-of") or not times:
            times += 1
            before = folder.done("fill-0")
            try:
                await filling(Stopping(views, 2)).run(0)
            except AbandonedError:
                assert folder.done("fill-0") >= before
        assert times > 2
        await filling(Stopping(views, 0)).run(0)
        await views.apply([], dict(enumerate(build.ends)))
        assert await world.wrong_in(views) == []


async def test_without_its_folder_it_is_folded_anew(world: RebuiltWorld) -> None:
    """As on another machine."""
    build, folder = await begun(world)
    await changed(world.profile.control, build.number, stage=Stage.FILLING)
    folder.remove()
    again, told = await world.rebuild()
    assert again.number == build.number
    assert [each.stage for each in told] == [Stage.FILLING, Stage.CATCHING_UP, Stage.FOLLOWING]
    async with world.views(again.generation) as views:
        assert await world.wrong_in(views) == []


async def test_a_partition_is_folded_in_memory_however_long_its_history(
    world: RebuiltWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken back leaves nothing; what was begun keeps its shape."""
    author, tweet = 5, 1 << 40
    events: list[ev.Event] = [ev.TweetPosted(author, tweet, "liked by many, for a while")]
    for user in range(1_000, 1_000 + FICKLE):
        events += [ev.TweetLiked(author, tweet, user), ev.TweetUnliked(author, tweet, user)]
    await world.append(events)
    build, folder = await begun(world)
    partition = partition_of(author, 4)
    async with world.views(build.generation) as views:

        async def shards(bytes_each: int) -> int:
            monkeypatch.setattr(replay, "_LOOK_EVERY", 1)
            monkeypatch.setattr(replay, "_BYTES_EACH", bytes_each)
            await Replay(world.profile.log, views, world.settings, build, folder).run(partition)
            return folder.shards(partition)

        room_for_what_survives = (32 << 20) // FICKLE
        assert build.ends[partition] > 2 * FICKLE
        assert await shards(room_for_what_survives) == 1
        assert await shards(BYTES_EACH) == 1, "it is done"
        folder.segment(partition, 0).unlink()
        assert await shards(room_for_what_survives) == 1
        assert folder.segment(partition, 0).exists(), "what is noted but not there is made again"
        folder.remove()
        folder.make()
        few = await shards(BYTES_EACH)
        assert few > 1
        assert await shards(2 * BYTES_EACH) == few


async def test_shares_that_were_begun_keep_their_shape(world: RebuiltWorld) -> None:
    build, folder = await begun(world)
    replaced = world.settings.model_copy(update={"rebuild_memory_mb": 1, "rebuild_processes": 64})
    assert shares_of(world.settings, build, folder) == shares_of(replaced, build, folder) == 2
