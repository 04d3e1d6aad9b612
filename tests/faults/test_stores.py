"""A store that acknowledges too early, and one that lost its views."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.graph import GraphImport, read_graph
from cql.migrator import migrate
from foldline.log.kafka import create_topic, group_offsets
from foldline.settings import Settings
from infra.engine import Engine, Tuning
from infra.stack import local_stack
from streams.exits import Exit
from streams.instance import InstanceStatus, group_of
from tests.conftest import WorldSettings
from tests.faults.crowd import crowd_of
from tests.faults.processes import FOLDLINE, environment, run
from tests.faults.sites import empty
from tests.faults.town import RECOVERY_S, until
from tests.flow.graph import PREFIX, REED98, densest
from tests.flow.looks import profile_faults
from tests.flow.walks import all_faults, home_faults
from tests.flow.worlds import World, shared, world

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
PEOPLE = 20


@pytest.fixture(scope="module")
def periodic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Cassandra with the commit log that it has by default."""
    engine = local_stack(
        tmp_path_factory.mktemp("periodic"), Tuning(commitlog_sync="periodic")
    ).cassandra
    with ThreadPoolExecutor(1) as outside:
        outside.submit(engine.start).result()
        outside.submit(engine.wait_healthy).result()
        yield engine
        outside.submit(engine.stop).result()


async def test_periodic_commit_log_is_refused_unless_allowed_loudly(
    world_settings: WorldSettings, periodic: Engine
) -> None:
    settings = world_settings("distributed").model_copy(update={"cassandra_port": periodic.port})
    await migrate(settings)
    await create_topic(settings)
    numbers = {name: getattr(settings, name) for name in settings.model_fields_set}
    for command in (("worker", "--lone"), ("worker",)):
        code, _, err = await run(*command, numbers=numbers)
        assert code == Exit.MISCONFIGURED
        assert "has commitlog_sync: periodic, which loses acknowledged rows" in err
        assert "Set `commitlog_sync: group` in cassandra.yaml" in err

    worker = await asyncio.create_subprocess_exec(
        *(*FOLDLINE, "worker", "--lone"),
        env=environment(numbers | {"allow_periodic_commitlog": True}),
        stderr=asyncio.subprocess.PIPE,
    )

    async def works() -> bool:
        status = InstanceStatus.read(settings)
        return status is not None and bool(status.progress)

    try:
        await until("the worker to own partitions", works, RECOVERY_S)
    finally:
        worker.terminate()
    _, err_bytes = await worker.communicate()
    assert worker.returncode == Exit.STOPPED
    assert "periodic commit log allowed" in err_bytes.decode()


@pytest.fixture
def small(world_settings: WorldSettings) -> Settings:
    return world_settings("distributed", partitions=3, session_timeout_s=6.0, buckets=8)


@pytest.fixture
async def folded(small: Settings) -> AsyncIterator[World]:
    async with world(small) as made:
        yield made


async def test_wiped_views_are_folded_again_from_the_beginning(folded: World) -> None:
    settings, client, views = folded.settings, folded.client, folded.profile.views
    graph = densest(read_graph(REED98), PEOPLE)
    checkpoint = settings.data_dir / "graph.json"
    await GraphImport(folded.commands, graph, checkpoint, PREFIX).run(lambda _: None)
    crowd = await crowd_of(client, graph)
    await crowd.burst(PEOPLE)
    await client.folded()
    for worker in folded.workers:
        await worker.stop()
    before = await views.progress()
    group = group_of(settings, folded.profile.generation)
    assert await group_offsets(settings, group) == before
    await asyncio.to_thread(empty, settings)
    assert await views.progress() == {}
    for worker in folded.workers:
        worker.start()
    await shared(folded.workers, folded.profile.log.partitions)

    async def as_before() -> bool:
        committed, progress = await group_offsets(settings, group), await views.progress()
        assert all(progress.get(p, 0) <= offset for p, offset in before.items())
        return committed == progress == before

    await until("all to be folded again", as_before, RECOVERY_S)
    oracle = client.oracle()
    found = await all_faults(
        [home_faults(client, oracle, user, limit=100) for user in crowd.everybody]
        + [profile_faults(client, oracle, user) for user in crowd.everybody]
    )
    assert found == []
