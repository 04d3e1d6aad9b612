"""The migrator on a real Cassandra: once, whole, one at a time."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import cql.migrator
from cql.loader import Script, migrations
from cql.migration_lock import MigrationLock
from cql.migrator import migrate
from foldline.cassandra_driver import connect
from foldline.control.cassandra import open_cassandra_control
from foldline.errors import ControlUnavailableError, MisconfiguredError
from foldline.generation import Generation
from foldline.settings import Settings
from tests.conftest import WorldSettings

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]


@pytest.fixture
def settings(world_settings: WorldSettings) -> Settings:
    return world_settings("distributed", migration_lease_s=2, buckets=8, follower_shards=2)


@pytest.fixture
def driver(settings: Settings) -> Iterator[Any]:
    session = connect(settings)
    yield session
    session.cluster.shutdown()


def all_steps(settings: Settings) -> list[str]:
    control, views = settings.keyspace, f"{settings.keyspace}_g1"
    return [
        f"create keyspace {control}",
        *(f"apply {file.name} to {control}" for file in migrations("control")),
        f"create keyspace {views}",
        *(f"apply {file.name} to {views}" for file in migrations("views")),
        "activate generation 1",
    ]


def tables(driver: Any, keyspace: str) -> set[str]:
    query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s"
    return {name for (name,) in driver.execute(query, (keyspace,))}


async def test_an_empty_store_gets_everything_and_a_full_one_nothing(settings: Settings) -> None:
    assert await migrate(settings) == all_steps(settings)
    assert await migrate(settings) == []
    control = await open_cassandra_control(settings)
    assert await control.active_generation() == Generation(1, buckets=8, follower_shards=2)
    await control.close()


async def test_a_dry_run_tells_all_and_does_nothing(settings: Settings, driver: Any) -> None:
    assert await migrate(settings, dry_run=True) == all_steps(settings)
    query = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = %s"
    assert driver.execute(query, (settings.keyspace,)).one() is None
    await migrate(settings)
    assert await migrate(settings, dry_run=True) == []


async def test_replication_is_by_datacenter(settings: Settings, driver: Any) -> None:
    await migrate(settings)
    query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
    for keyspace in (settings.keyspace, f"{settings.keyspace}_g1"):
        (replication,) = driver.execute(query, (keyspace,)).one()
        assert replication["class"].endswith("NetworkTopologyStrategy")
        assert replication[settings.cassandra_datacenter] == "1"


async def test_concurrent_migrators_do_each_step_once(world_settings: WorldSettings) -> None:
    settings = world_settings("distributed")  # a long lease: each waits for the one before
    done = await asyncio.gather(*(migrate(settings) for _ in range(3)))
    under_lock = [step for steps in done for step in steps if step != all_steps(settings)[0]]
    assert sorted(under_lock) == sorted(all_steps(settings)[1:])


@pytest.mark.parametrize("dry_run", [False, True])
async def test_an_applied_migration_must_not_change(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    await migrate(settings)

    def changed(folder: str) -> list[Script]:
        return [file._replace(source=file.source + "--") for file in migrations(folder)]

    monkeypatch.setattr(cql.migrator, "migrations", changed)
    with pytest.raises(MisconfiguredError, match="was applied to"):
        await migrate(settings, dry_run=dry_run)


async def test_a_migration_cut_off_is_applied_again(
    settings: Settings, driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(folder: str) -> list[Script]:
        return [
            file._replace(statements=(*file.statements[:2], "CREATE NONSENSE"))
            for file in migrations(folder)
        ]

    with monkeypatch.context() as patch:
        patch.setattr(cql.migrator, "migrations", cut_off)
        with pytest.raises(Exception, match="NONSENSE"):
            await migrate(settings)
    assert "username_claims" in tables(driver, settings.keyspace)
    assert "generations" not in tables(driver, settings.keyspace)
    assert await migrate(settings) == all_steps(settings)[1:]
    assert {"generations", "pointers"} <= tables(driver, settings.keyspace)


async def test_a_new_migration_reaches_every_generation(
    settings: Settings, driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(settings)
    driver.set_keyspace(settings.keyspace)
    driver.execute(
        "INSERT INTO generations (number, buckets, follower_shards) VALUES (2, 8, 2) IF NOT EXISTS"
    )
    await migrate(settings)
    assert tables(driver, f"{settings.keyspace}_g2") == tables(driver, f"{settings.keyspace}_g1")

    def grown(folder: str) -> list[Script]:
        new = Script("views/0002_new.cql", "new", ("CREATE TABLE new (id int PRIMARY KEY)",))
        return migrations(folder) + ([new] if folder == "views" else [])

    monkeypatch.setattr(cql.migrator, "migrations", grown)
    assert len(await migrate(settings)) == 2
    assert "new" in tables(driver, f"{settings.keyspace}_g1")
    assert "new" in tables(driver, f"{settings.keyspace}_g2")


async def test_views_that_were_dropped_are_made_anew(settings: Settings, driver: Any) -> None:
    steps = await migrate(settings)
    views = f"{settings.keyspace}_g1"
    whole = tables(driver, views)
    driver.execute(f"DROP KEYSPACE {views}", timeout=60)
    missing = [step for step in steps if views in step]
    assert await migrate(settings, dry_run=True) == missing
    assert await migrate(settings) == missing
    assert tables(driver, views) == whole
    assert await migrate(settings) == []


async def test_the_lock_of_a_dead_migrator_expires(settings: Settings, driver: Any) -> None:
    await migrate(settings)
    dead = MigrationLock(driver, settings.keyspace, settings.migration_lease_s)
    dead.__enter__()
    assert await migrate(settings) == []
    with pytest.raises(ControlUnavailableError, match="lost"):
        dead.renew()


async def test_a_lock_that_is_held_is_waited_for_and_no_longer(
    settings: Settings, driver: Any
) -> None:
    await migrate(settings)
    driver.set_keyspace(settings.keyspace)
    driver.execute(
        "INSERT INTO migration_lock (name, holder) VALUES ('schema', %s) IF NOT EXISTS",
        (uuid.uuid4(),),
    )
    with pytest.raises(ControlUnavailableError, match="another migration"):
        await migrate(settings)


async def test_no_store_is_unavailable(world_settings: WorldSettings) -> None:
    settings = world_settings("distributed").model_copy(update={"cassandra_port": 1})
    with pytest.raises(ControlUnavailableError):
        await migrate(settings)
