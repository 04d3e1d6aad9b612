"""What is Cassandra's alone: stamps, pages, loops, cancelled calls."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cql.loader import VIEWS, statements
from cql.migrator import migrate
from foldline.cassandra import CassandraSession, open_session
from foldline.cassandra_commitlog import require_group_commitlog
from foldline.cassandra_driver import connect, views_keyspace
from foldline.core.effects import DeleteTweet, Deliver, Effect, PutDeadLetter, PutTweet, Retract
from foldline.core.span import Direction, Span
from foldline.errors import MisconfiguredError, ViewsUnavailableError
from foldline.generation import Generation
from foldline.settings import Settings
from foldline.views.cassandra import open_cassandra_views
from foldline.views.cassandra_rows import Placement
from tests.conftest import WorldSettings

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
LARGE = b"a letter" * 180_000
TEXTS = {name: statement.text for name, statement in statements(VIEWS).items()}


@pytest.fixture(scope="module")
async def settings(module_settings: WorldSettings) -> Settings:
    settings = module_settings("distributed", requests_in_flight=4, rows_per_page=7)
    await migrate(settings)
    return settings


@pytest.fixture
async def session(settings: Settings) -> AsyncIterator[CassandraSession]:
    session = await open_session(
        settings, views_keyspace(settings, 1), TEXTS, ViewsUnavailableError
    )
    yield session
    await session.close()


class Outstanding:
    """The driver's session, counting the requests that are out."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.now = self.most = 0

    def execute_async(self, *args: Any, **options: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        response = self._session.execute_async(*args, **options)
        response.add_callbacks(self._over, self._over)
        return response

    def _over(self, _: object) -> None:
        self.now -= 1


async def test_every_page_is_read(session: CassandraSession) -> None:
    ids = list(range(1, 51))
    await session.for_each(lambda i: session.execute("put_followee", 1, i, 5, 5), ids)
    assert (await session.ids("following", 1)).tolist() == ids


async def test_requests_in_flight_are_bounded(session: CassandraSession) -> None:
    driver = Outstanding(session._session)
    session._session = driver
    calls = (session.execute("put_followee", 2, i, 5, 5) for i in range(200))
    await asyncio.gather(*calls)
    assert driver.most == 4
    session._session = driver._session


async def test_cancelled_calls_give_their_place_back(session: CassandraSession) -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    for _ in range(50):
        call = asyncio.ensure_future(session.rows("progress"))
        await asyncio.sleep(0)
        call.cancel()
    assert await asyncio.gather(*(session.rows("floor", 1) for _ in range(20))) == [[]] * 20
    asyncio.get_running_loop().set_exception_handler(None)
    assert errors == []


async def test_two_loops_share_a_session(session: CassandraSession) -> None:
    async def write(user_id: int) -> int:
        await session.for_each(
            lambda i: session.execute("put_followee", user_id, i, 5, 5), range(1, 101)
        )
        return (await session.ids("following", user_id)).size

    other = asyncio.to_thread(lambda: asyncio.run(write(3)))
    assert tuple(await asyncio.gather(write(4), other)) == (100, 100)


async def test_an_answer_to_a_closed_loop_is_dropped(
    session: CassandraSession, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave() -> None:
        task = asyncio.ensure_future(session.rows("progress"))
        await asyncio.sleep(0)
        task.cancel()

    await asyncio.to_thread(lambda: asyncio.run(leave()))
    assert await asyncio.gather(*(session.rows("floor", 1) for _ in range(20))) == [[]] * 20
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_the_first_error_ends_for_each(session: CassandraSession) -> None:
    begun = []

    async def act(item: int) -> None:
        begun.append(item)
        await session.rows("floor", item)
        if item == 2:
            raise ValueError(item)

    with pytest.raises(ValueError, match="2"):
        await session.for_each(act, iter(range(10_000)))
    assert len(begun) < 100


async def test_a_none_leaves_the_column_alone(session: CassandraSession) -> None:
    await session.execute("put_tweet", 0, 8, 1, "text", 5, 7, None, None, None, 1)
    await session.execute("put_tweet", 0, 8, 1, "text", 5, None, None, None, None, 2)
    (row,) = await session.rows("tweets", [0], [8])
    assert row[4:] == (7, None, None, None, None)


async def test_what_lies_in_one_partition_is_one_mutation(session: CassandraSession) -> None:
    """In several tables too."""
    keys = range(100, 125)
    lists = [("list_tweet", key, 1_000 + n, 5) for n in range(3) for key in keys]
    counts = [("set_counts", 5, 2, 3, key) for key in reversed(keys)]
    requests = list(session._handfuls([*lists, *counts]))
    assert [await asyncio.to_thread(_mutations, session, each) for each in requests] == [10, 10, 5]
    for key in keys:
        assert (await session.ids("tweets_of", key)).tolist() == [1_002, 1_001, 1_000]


def _mutations(session: CassandraSession, request: Any) -> int:
    """How many the server makes of a request, as it tells itself."""
    trace = session._session.execute(request, trace=True).get_query_trace()
    return sum(event.description == "Appending to commitlog" for event in trace.events)


async def test_the_stamp_is_the_write_timestamp(settings: Settings) -> None:
    views = await open_cassandra_views(settings, Generation(1, 8, 2))
    users = np.array([70, 71], dtype=np.int64)
    await views.apply(
        [PutTweet(9, 1, "text", 5, None, stamp=41), Deliver(1, np.array([9]), users, stamp=42)], {}
    )
    driver = connect(settings)
    driver.set_keyspace(views_keyspace(settings, 1))
    tweet = driver.execute(
        "SELECT writetime(text) FROM tweets_by_id WHERE second = 0 AND tweet_id = 9"
    ).one()
    entry = driver.execute(
        "SELECT writetime(author_id) FROM user_timelines WHERE bucket = %s AND user_id = 70",
        (Placement(8, 2).bucket(70),),
    ).one()
    driver.cluster.shutdown()
    assert (tweet, entry) == ((41,), (42,))
    await views.apply([Retract(1, np.array([9]), users[:1], stamp=42)], {})
    assert (await views.timeline(70, Span(10))).tweets.tolist() == []
    assert (await views.timeline(71, Span(10))).tweets.tolist() == [9]
    await views.close()


async def test_a_deleted_tweet_stays_so_and_is_read_past(settings: Settings) -> None:
    views = await open_cassandra_views(settings, Generation(1, 8, 2))
    posts: list[Effect] = [PutTweet(t, 80, "text", 5, None, stamp=t) for t in range(1, 41)]
    deleted: list[Effect] = [DeleteTweet(t, 80, stamp=50) for t in [*range(5, 39), 90]]
    copies: list[Effect] = [PutTweet(t, 80, "text", 5, None, stamp=60) for t in range(20, 30)]
    await views.apply([*deleted, *posts, *copies], {})
    audience = (await views.load([80]))[80]
    assert audience.tweets.tolist() == [1, 2, 3, 4, 39, 40]
    assert audience.deleted.tolist() == [*range(5, 39), 90]
    older = Span(3, above=1, below=41)
    newer = replace(older, direction=Direction.NEWER)
    assert (await views.tweets_of([80], older))[80].tolist() == [40, 39, 4]
    assert (await views.tweets_of([80], newer))[80].tolist() == [2, 3, 4]
    assert (await views.tweets_of([80], replace(newer, limit=9)))[80].tolist() == [2, 3, 4, 39, 40]
    await views.close()


async def test_many_writes_of_any_size_are_written_once_each(settings: Settings) -> None:
    views = await open_cassandra_views(settings, Generation(1, 8, 2))
    large = [PutDeadLetter(1, offset, "why", LARGE, stamp=offset) for offset in range(1, 5)]
    small = [PutDeadLetter(1, offset, "why", b"x", stamp=offset) for offset in range(5, 40)]
    await views.apply([*small[:17], *large, *small[17:]], {0: 7, 1: 41})
    found = await views.dead_letters(None, 100)
    assert [letter.position.offset for letter in found] == list(range(1, 40))
    assert [letter.value for letter in found] == [LARGE] * 4 + [b"x"] * 35
    assert await views.progress() == {0: 7, 1: 41}
    await views.close()


async def test_closing_twice_is_clean_and_a_closed_session_is_unavailable(
    settings: Settings,
) -> None:
    views = await open_cassandra_views(settings, Generation(1, 8, 2))
    await views.close()
    await views.close()
    with pytest.raises(ViewsUnavailableError):
        await views.floor(1)


async def test_a_store_without_the_schema_is_misconfigured(
    world_settings: WorldSettings,
) -> None:
    with pytest.raises(MisconfiguredError, match="foldline migrate"):
        await open_cassandra_views(world_settings("distributed"), Generation(1, 8, 2))


async def test_no_store_is_unavailable(world_settings: WorldSettings) -> None:
    settings = world_settings("distributed").model_copy(update={"cassandra_port": 1})
    with pytest.raises(ViewsUnavailableError):
        await open_cassandra_views(settings, Generation(1, 8, 2))


async def test_group_commit_is_accepted(settings: Settings) -> None:
    await require_group_commitlog(settings)
