"""Every part of the distributed profile is killed or stopped while it works: afterwards everybody
of the real graph is served the oracle's timeline."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from app.graph import read_graph
from foldline.errors import ViewsUnavailableError
from foldline.settings import Settings
from infra.engine import Engine
from infra.engines import EngineStack
from streams.instance import InstanceStatus
from tests.faults.town import (
    PARTITIONS,
    RECOVERY_S,
    Places,
    Town,
    numbers,
    pid_of,
    repeated,
    restarted,
    send,
    town_of,
    until,
)
from tests.flow.graph import REED98
from tests.flow.worlds import Worker, shared

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
async def town(
    own_engines: EngineStack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    ends, graph = own_engines.endpoints(), read_graph(REED98)
    settings = Settings(
        profile="distributed",
        data_dir=tmp_path_factory.mktemp("town"),
        kafka_bootstrap=ends.kafka_bootstrap,
        cassandra_hosts=ends.cassandra_host,
        cassandra_port=ends.cassandra_port,
        redis_url=ends.redis_url,
        auth="trusted-header",
        limits="off",
        admin_port=0,
        **numbers(graph),
    )
    async with town_of(settings, graph) as made:
        yield made


@pytest.fixture(autouse=True)
async def samples_and_crossings(town: Town) -> AsyncIterator[None]:
    """Every fault is accompanied by samples and by crossings of the celebrity threshold."""
    samples, before = town.watch.samples, await town.kinds()
    yield
    assert town.watch.samples > samples
    crossings = await town.kinds() - before
    assert min(crossings["AuthorPromoted"], crossings["AuthorDemoted"]) > 0, crossings


async def test_worker_killed_in_mid_batch(town: Town) -> None:
    async with town.crowd.busy():
        await asyncio.gather(
            killed_in_mid_batch(town, town.world.workers[0]), town.crowd.fans_come_and_go()
        )
    await town.assert_all_is_well()


async def test_poison_of_every_kind_beside_a_worker_killed(town: Town) -> None:
    async with town.crowd.busy():
        sent, _, _ = await asyncio.gather(
            town.poison(),
            killed_in_mid_batch(town, town.world.workers[1]),
            town.crowd.fans_come_and_go(),
        )
    await town.assert_all_is_well()
    found = await town.world.profile.views.dead_letters(None, 2 * len(sent))
    assert sorted(letter.position for letter in found) == sorted(sent)


async def test_worker_stopped_past_its_session_and_woken(town: Town) -> None:
    zombie, heir = town.world.workers

    async def attempt() -> Places:
        await shared(town.world.workers, PARTITIONS)
        owned = await zombie.partitions()
        if not await town.in_mid_batch(owned, lambda: send(zombie, signal.SIGSTOP)):
            return {}
        proof = await town.torn_in(owned)
        if not proof:
            send(zombie, signal.SIGCONT)
        return proof

    async with town.crowd.busy():
        stopped = await repeated(attempt)

        async def overtaken() -> bool:
            progress = await town.progress()
            inherited = {p for p, _ in stopped.values()} <= await heir.partitions()
            return inherited and all(progress.get(p, 0) > o for p, o in stopped.values())

        try:
            await until("the other worker to go on", overtaken, RECOVERY_S)
            await town.crowd.fans_come_and_go()
        finally:
            send(zombie, signal.SIGCONT)
    await town.assert_all_is_well()


async def test_worker_stopped_gracefully_under_load(town: Town) -> None:
    leaver = town.world.workers[1]

    async def attempt() -> Places:
        if leaver.process.poll() is not None:
            leaver.start()
        await shared(town.world.workers, PARTITIONS)
        owned = await leaver.partitions()
        if not await town.in_mid_batch(owned, leaver.process.terminate):
            return {}
        proof = await town.torn_in(owned)
        assert await asyncio.to_thread(leaver.process.wait, RECOVERY_S) == 0
        return proof

    async with town.crowd.busy():
        await asyncio.gather(repeated(attempt), town.crowd.fans_come_and_go())
        await until("the other worker to do it all", lambda: alone(town.world.workers[0]), 60.0)
        leaver.start()
    await town.assert_all_is_well()


async def test_cassandra_killed_in_mid_batch(town: Town, own_engines: EngineStack) -> None:
    everywhere = range(PARTITIONS)

    async def attempt() -> Places:
        before = await town.progress()
        if not await town.in_mid_batch(everywhere, own_engines.cassandra.kill):
            return {}
        for worker in town.world.workers:  # so that nothing is written before we have looked
            send(worker, signal.SIGSTOP)
        try:
            await back(own_engines.cassandra)
            await until("our own session to be back", lambda: answers(town), RECOVERY_S)
            proof = await town.torn_in(everywhere)
            after = await town.progress()
            assert all(after.get(p, 0) >= offset for p, offset in before.items())
            await assert_durable(town, after)
            return proof
        finally:
            for worker in town.world.workers:
                send(worker, signal.SIGCONT)

    async with town.crowd.busy():
        await asyncio.gather(repeated(attempt), town.crowd.fans_come_and_go())
    await town.assert_all_is_well()


async def test_broker_killed_in_mid_batch(town: Town, own_engines: EngineStack) -> None:
    everywhere = range(PARTITIONS)

    async def attempt() -> Places:
        if not await town.in_mid_batch(everywhere, own_engines.kafka.kill):
            return {}
        proof = await town.torn_in(everywhere)
        await back(own_engines.kafka)
        return proof

    async with town.crowd.busy():
        await asyncio.gather(repeated(attempt), town.crowd.fans_come_and_go())
    await town.assert_all_is_well()


async def killed_in_mid_batch(town: Town, victim: Worker) -> None:
    """Kill a worker -9 until it was seen to die in a batch; each time it is started again."""

    async def attempt() -> Places:
        await shared(town.world.workers, PARTITIONS)
        owned = await victim.partitions()
        killed = pid_of(victim)
        if not await town.in_mid_batch(owned, lambda: send(victim, signal.SIGKILL)):
            return {}
        proof = await town.torn_in(owned)
        await restarted(victim, killed)
        return proof

    await repeated(attempt)


async def alone(worker: Worker) -> bool:
    status = InstanceStatus.read(worker.settings)
    return status is not None and len(status.progress) == PARTITIONS


async def answers(town: Town) -> bool:
    try:
        await town.progress()
    except ViewsUnavailableError:
        return False
    return True


async def assert_durable(town: Town, progress: dict[int, int]) -> None:
    """What progress has passed is in the store."""
    passed = [
        t for t, (p, offset) in town.world.client.places.items() if offset < progress.get(p, 0)
    ]
    found = await town.world.profile.views.tweets(passed)
    assert sorted(found) == sorted(passed)


async def back(engine: Engine) -> None:
    """Start an engine again, and wait until it answers."""
    await asyncio.to_thread(engine.start)
    await asyncio.to_thread(engine.wait_healthy)
