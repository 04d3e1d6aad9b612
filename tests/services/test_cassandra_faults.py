"""A Cassandra of the tests' own, to be killed; and one that acknowledges too early."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cql.migrator import migrate
from foldline.cassandra_commitlog import require_group_commitlog
from foldline.errors import MisconfiguredError, ViewsUnavailableError
from foldline.generation import Generation
from foldline.settings import Settings
from foldline.views.cassandra import open_cassandra_views
from infra.engine import Engine, Tuning
from infra.local.stack import LocalStack

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
RECOVERY_S = 5.0


@pytest.fixture(scope="module")
def cassandra(engines: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One with a periodic commit log. The session's engines have fetched its parts."""
    directory: Path = tmp_path_factory.mktemp("periodic")
    engine = LocalStack(directory, Tuning(commitlog_sync="periodic")).cassandra
    engine.start()
    engine.wait_healthy()
    yield engine
    engine.stop()


@pytest.fixture
def settings(cassandra: Engine) -> Settings:
    port = cassandra.status().port
    assert port is not None
    return Settings(profile="distributed", cassandra_port=port, store_timeout_s=5)


async def test_a_periodic_commit_log_is_refused(settings: Settings) -> None:
    with pytest.raises(MisconfiguredError, match="commitlog_sync: group"):
        await require_group_commitlog(settings)


async def test_a_periodic_commit_log_is_allowed_loudly(settings: Settings) -> None:
    with capture_logs() as logs:
        allowed = settings.model_copy(update={"allow_periodic_commitlog": True})
        await require_group_commitlog(allowed)
    assert [entry["log_level"] for entry in logs] == ["warning"]


async def test_a_session_outlives_its_store(settings: Settings, cassandra: Engine) -> None:
    await migrate(settings)
    views = await open_cassandra_views(settings, Generation(1, 8, 2))
    await asyncio.to_thread(cassandra.kill)
    with pytest.raises(ViewsUnavailableError):
        await views.apply([], {0: 1})
    await asyncio.to_thread(cassandra.start)
    await asyncio.to_thread(cassandra.wait_healthy)
    back = time.monotonic()
    while True:
        try:
            await views.apply([], {0: 1})
            break
        except ViewsUnavailableError:
            assert time.monotonic() - back < RECOVERY_S
            await asyncio.sleep(0.1)
    assert await views.progress() == {0: 1}
    await views.close()
