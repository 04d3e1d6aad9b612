"""The session's engines, and settings for a world of a test's own on either profile."""

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog

from foldline.cassandra_driver import connect, views_keyspace
from foldline.settings import ProfileName, Settings
from infra.engine import Endpoints
from infra.engines import EngineStack
from infra.stack import local_stack
from tests.no_skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# Every request is told at debug level: by the ten thousand that takes longer than answering them.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))

PROFILE_PARAMS = [
    pytest.param("embedded", id="embedded"),
    pytest.param("distributed", id="distributed", marks=pytest.mark.engines),
]
ENGINES_DIR = Path(os.environ.get("TEST_ENGINES_DIR", Path(__file__).parent.parent / ".engines"))


@pytest.fixture(scope="session")
def engines() -> Iterator[EngineStack]:
    """Kafka, Cassandra and Redis for the whole session; left up if they were up before it."""
    stack = local_stack(ENGINES_DIR)
    with ThreadPoolExecutor(1) as outside:  # the probes run event loops of their own
        found_up = all(engine.healthy for engine in outside.submit(stack.status).result())
        outside.submit(stack.up, print).result()
    yield stack
    if not found_up:
        stack.down()


@pytest.fixture(scope="session")
def endpoints(engines: EngineStack) -> Endpoints:
    """Where the engines of this session listen."""
    return engines.endpoints()


class WorldSettings(Protocol):
    def __call__(self, profile: ProfileName, **numbers: Any) -> Settings:
        """Settings of an empty installation that no other test shares."""


@pytest.fixture
def world_settings(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WorldSettings]:
    yield from _worlds(tmp_path_factory, request)


@pytest.fixture(scope="module")
def module_settings(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WorldSettings]:
    yield from _worlds(tmp_path_factory, request)


@pytest.fixture(scope="package")
def package_settings(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WorldSettings]:
    yield from _worlds(tmp_path_factory, request)


def _worlds(
    paths: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Settings]]:
    made: list[Settings] = []

    def make(profile: ProfileName, **numbers: Any) -> Settings:
        name = f"t{uuid.uuid4().hex[:12]}"
        place: dict[str, Any] = {"data_dir": paths.mktemp(name), "keyspace": name, "topic": name}
        place |= {"port": 0, "admin_port": 0, "auth": "trusted-header", "limits": "off"}
        place["lag_max_s"] = 60  # the tests share the loop, and the machine
        if profile == "distributed":
            ends: Endpoints = request.getfixturevalue("endpoints")
            place |= {
                "kafka_bootstrap": ends.kafka_bootstrap,
                "cassandra_hosts": ends.cassandra_host,
                "cassandra_port": ends.cassandra_port,
                "redis_url": ends.redis_url,
            }
        made.append(Settings(profile=profile, **(place | numbers)))
        return made[-1]

    yield make
    distributed = [settings for settings in made if settings.profile == "distributed"]
    if distributed:  # a connection reads the schema of all keyspaces: hundreds make it slow
        session = connect(distributed[0])
        for settings in distributed:
            for keyspace in (settings.keyspace, views_keyspace(settings, 1)):
                session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=60)
        session.cluster.shutdown()
