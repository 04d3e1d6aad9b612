"""A world on each profile for every suite: one a module, since a keyspace takes long to make."""

from collections.abc import AsyncIterator

import pytest

from cql.migrator import migrate
from foldline.control.port import Control
from foldline.log.kafka import create_topic
from foldline.log.port import EventLog
from foldline.profiles import PROFILES
from foldline.settings import Settings
from foldline.views.port import Views
from tests.conftest import PROFILE_PARAMS, WorldSettings


@pytest.fixture(scope="module", params=PROFILE_PARAMS)
def settings(request: pytest.FixtureRequest, module_settings: WorldSettings) -> Settings:
    return module_settings(request.param, partitions=4, buckets=16, follower_shards=3)


@pytest.fixture(scope="module")
async def migrated(settings: Settings) -> Settings:
    if settings.profile == "distributed":
        await migrate(settings)
    return settings


@pytest.fixture(scope="module")
async def log(settings: Settings) -> AsyncIterator[EventLog]:
    opened = await open_new_log(settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def control(migrated: Settings) -> AsyncIterator[Control]:
    opened = await PROFILES[migrated.profile].control(migrated)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def views(migrated: Settings, control: Control) -> AsyncIterator[Views]:
    opened = await PROFILES[migrated.profile].views(migrated, await control.active_generation())
    yield opened
    await opened.close()


async def open_new_log(settings: Settings) -> EventLog:
    if settings.profile == "distributed":
        await create_topic(settings)
    return await PROFILES[settings.profile].log(settings)
