"""Packed batches: byte for byte what the driver itself would have sent, for either protocol."""

from collections import Counter
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
from foldline.packing import PackedBatch, PackedStatement, PackingHandler
from tests.conftest import WorldSettings

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
TEXTS = {name: statement.text for name, statement in statements(VIEWS).items()}
EXTREMES = [0, 1, -1, (1 << 63) - 1, -(1 << 63)]
BYTES_MAX = 500
LONG = st.one_of(st.sampled_from(EXTREMES), st.integers(-(1 << 63), (1 << 63) - 1))
USER = st.sampled_from([1, -1, (1 << 63) - 1])
BUCKET = st.one_of(st.integers(0, 3), st.just((1 << 31) - 1))
# Of each statement: its partition key, the bytes of a row, and its parameters.
DELIVER = ("deliver", (0,), 77, (BUCKET, LONG, LONG, LONG, LONG))
RETRACT = ("retract", (1,), 65, (LONG, BUCKET, LONG, LONG))
PUT_FOLLOWER = ("put_follower", (0, 1), 77, (USER, BUCKET, LONG, LONG, LONG))


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


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize(("name", "key", "width", "parameters"), [DELIVER, RETRACT, PUT_FOLLOWER])
@tried(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
async def test_it_is_what_the_driver_would_have_sent(
    session: CassandraSession,
    name: str,
    key: tuple[int, ...],
    width: int,
    parameters: tuple[st.SearchStrategy[int], ...],
    version: int,
    data: st.DataObject,
) -> None:
    rows = data.draw(st.lists(st.tuples(*parameters), min_size=1, max_size=40))
    rows.sort(key=lambda row: [row[at] for at in key])
    columns: list[IntArray] = [np.array(c, dtype=np.int64) for c in zip(*rows, strict=True)]
    keyspace = "some_views" if version == 5 else None
    packed = list(PackedStatement(session.prepared(name), BYTES_MAX).batches(columns))
    left = iter(rows)
    for batch in packed:
        own = BatchStatement(BatchType.UNLOGGED)
        for _ in range(len(batch._statements_and_parameters)):
            own.add(session.bind(name, *next(left)))
        assert (batch.routing_key, batch.keyspace) == (own.routing_key, own.keyspace)
        frames = [
            frame_of(handler, made, version, keyspace)
            for handler, made in ((PackingHandler, batch), (ProtocolHandler, own))
        ]
        assert frames[0] == frames[1]
        assert len(batch._statements_and_parameters.wire) <= BYTES_MAX
    assert next(left, None) is None
    of_partition = Counter(session.bind(name, *row).routing_key for row in rows)
    assert Counter(batch.routing_key for batch in packed) == {
        at: -(-count // (BYTES_MAX // width)) for at, count in of_partition.items()
    }


def test_other_messages_are_left_alone(session: CassandraSession) -> None:
    own = BatchStatement(BatchType.UNLOGGED)
    own.add(session.bind("put_followee", 1, 2, 3, 4))
    frames = {frame_of(handler, own, 5, "k") for handler in (PackingHandler, ProtocolHandler)}
    assert len(frames) == 1


def test_a_row_larger_than_the_bound_goes_alone(session: CassandraSession) -> None:
    columns = [np.arange(3, dtype=np.int64) // 2 for _ in range(5)]
    found: list[PackedBatch] = list(
        PackedStatement(session.prepared("deliver"), 1).batches(columns)
    )
    assert [len(batch._statements_and_parameters) for batch in found] == [1, 1, 1]
