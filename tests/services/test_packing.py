"""Packed batches: byte for byte what the driver itself would have sent, for either protocol."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from cassandra import ConsistencyLevel
from cassandra.protocol import BatchMessage, ProtocolHandler
from cassandra.query import BatchStatement, BatchType
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from cql.loader import VIEWS, statements
from cql.migrator import migrate
from foldline.cassandra import CassandraSession, open_session
from foldline.cassandra_driver import views_keyspace
from foldline.core.ids import IntArray
from foldline.errors import ViewsUnavailableError
from foldline.packing import PackedStatement, PackingHandler, packed_lists
from tests.conftest import WorldSettings

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
TEXTS = {name: statement.text for name, statement in statements(VIEWS).items()}
EXTREMES = [0, 1, -1, (1 << 63) - 1, -(1 << 63)]
WEIGHT_MAX = 9
LONG = st.one_of(st.sampled_from(EXTREMES), st.integers(-(1 << 63), (1 << 63) - 1))
USER = st.sampled_from([1, -1, (1 << 63) - 1])
BUCKET = st.one_of(st.integers(0, 3), st.just((1 << 31) - 1))
# Of each statement: its partition key, its integers, and how many lists come behind them.
DELIVER = ("deliver", (2,), (LONG, LONG, BUCKET), 2)
RETRACT = ("retract", (1,), (LONG, BUCKET), 2)
PUT_FOLLOWER = ("put_follower", (0, 1), (USER, BUCKET, LONG, LONG, LONG), 0)
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
async def session(module_settings: WorldSettings) -> AsyncIterator[CassandraSession]:
    settings = module_settings("distributed")
    await migrate(settings)
    opened = await open_session(settings, views_keyspace(settings, 1), TEXTS, ViewsUnavailableError)
    yield opened
    await opened.close()


def message_of(batch: Any) -> Any:
    """As the driver's session makes it of a batch."""
    return BatchMessage(
        batch.batch_type,
        batch._statements_and_parameters,
        ConsistencyLevel.LOCAL_QUORUM,
        ConsistencyLevel.LOCAL_SERIAL,
        None,
        None,
    )


def frame_of(handler: Any, batch: Any, version: int, keyspace: str | None) -> bytes:
    message = message_of(batch)
    message.keyspace = keyspace
    encoded: bytes = handler.encode_message(message, 7, version, None, False)
    return encoded


def packed(session: CassandraSession, name: str, integers: int, rows: list[Row]) -> Any:
    """Batches of rows, each of which weighs as much as its lists have values, and one more."""
    columns: list[IntArray] = [
        np.array(column, dtype=np.int64) for column in list(zip(*rows, strict=True))[:integers]
    ]
    lists = []
    for values in list(zip(*rows, strict=True))[integers:]:
        starts = np.cumsum([0, *map(len, values)])[:-1]
        lists.append(packed_lists(np.concatenate(values).astype(np.int64), starts))
    weights = np.array([weight_of(row) for row in rows], dtype=np.int64)
    return PackedStatement(session.prepared(name), WEIGHT_MAX).batches(columns, lists, weights)


def weight_of(row: Row) -> int:
    return 1 + sum(len(values) for values in row if isinstance(values, list))


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize(("name", "key", "integers", "lists"), [DELIVER, RETRACT, PUT_FOLLOWER])
@tried(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
async def test_it_is_what_the_driver_would_have_sent(
    session: CassandraSession,
    name: str,
    key: tuple[int, ...],
    integers: tuple[st.SearchStrategy[int], ...],
    lists: int,
    version: int,
    data: st.DataObject,
) -> None:
    some = st.lists(LONG, min_size=1, max_size=4)
    rows = data.draw(st.lists(st.tuples(*integers, *[some] * lists), min_size=1, max_size=40))
    rows.sort(key=lambda row: [row[at] for at in key])
    keyspace = "some_views" if version == 5 else None
    left = list(rows)
    for batch in packed(session, name, len(integers), rows):
        count = len(batch._statements_and_parameters)
        taken, left = left[:count], left[count:]
        own = BatchStatement(BatchType.UNLOGGED)
        for row in taken:
            own.add(session.bind(name, *row))
        assert (batch.routing_key, batch.keyspace) == (own.routing_key, own.keyspace)
        frames = [
            frame_of(handler, made, version, keyspace)
            for handler, made in ((PackingHandler, batch), (ProtocolHandler, own))
        ]
        assert frames[0] == frames[1]
        assert count == 1 or sum(map(weight_of, taken)) <= WEIGHT_MAX
        same = bool(left) and [left[0][at] for at in key] == [taken[0][at] for at in key]
        assert not same or sum(map(weight_of, [*taken, left[0]])) > WEIGHT_MAX, "cut too early"
    assert not left


def test_other_messages_are_left_alone(session: CassandraSession) -> None:
    own = BatchStatement(BatchType.UNLOGGED)
    own.add(session.bind("put_followee", 1, 2, 3, 4))
    frames = {frame_of(handler, own, 5, "k") for handler in (PackingHandler, ProtocolHandler)}
    assert len(frames) == 1


def test_a_row_heavier_than_the_bound_goes_alone(session: CassandraSession) -> None:
    rows = [(1, 2, at // 2, [3] * WEIGHT_MAX, [4]) for at in range(3)]
    found = list(packed(session, "deliver", 3, rows))
    assert [len(batch._statements_and_parameters) for batch in found] == [1, 1, 1]
