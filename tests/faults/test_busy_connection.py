"""A Cassandra that takes nothing more for a moment: what is written waits, and is not given up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cql.loader import VIEWS, statements
from cql.migrator import migrate
from foldline.cassandra import CassandraSession, open_session
from foldline.cassandra_driver import views_keyspace
from foldline.errors import ViewsUnavailableError
from infra.engines import EngineStack
from tests.conftest import WorldSettings

pytestmark = pytest.mark.engines
LETTERS = 48
TEXTS = {name: statement.text for name, statement in statements(VIEWS).items()}


@pytest.fixture
async def session(
    module_settings: WorldSettings, own_engines: EngineStack
) -> AsyncIterator[CassandraSession]:
    ends = own_engines.endpoints()
    settings = module_settings(
        "distributed", cassandra_hosts=ends.cassandra_host, cassandra_port=ends.cassandra_port
    )
    await migrate(settings)
    keyspace = views_keyspace(settings, 1)
    session = await open_session(settings, keyspace, TEXTS, ViewsUnavailableError)
    yield session
    await session.close()


async def test_a_full_connection_is_waited_for(
    session: CassandraSession, own_engines: EngineStack
) -> None:
    letter = b"a letter" * 100_000

    async def write(offset: int) -> None:
        await session.execute("put_dead_letter", 1, offset, "why", letter, 5)

    cassandra = own_engines.cassandra
    await asyncio.to_thread(cassandra.pause)
    try:
        writing = [asyncio.create_task(write(offset)) for offset in range(LETTERS)]
        await asyncio.sleep(0.3)
        assert not [each for each in writing if each.done()]
    finally:
        await asyncio.to_thread(cassandra.resume)
    await asyncio.gather(*writing)
