"""The local engines themselves: found again, killed, paused, ended, and told from strangers."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from cassandra.cluster import Cluster
from redis import Redis

from infra.engine import STOP_TIMEOUT_S, Engine, EngineError, Tuning
from infra.local import tools
from infra.local.stack import LocalStack

pytestmark = pytest.mark.engines

TOPIC = TopicPartition("kept", 0)
INSTALL = Path(tools.__file__).with_name("install.sh")


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def stack(state_dir: Path) -> Iterator[LocalStack]:
    stack = LocalStack(state_dir)
    try:
        stack.up(print)
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def installed() -> None:
    tools.install_missing(print)


@pytest.fixture
def lone(installed: None, tmp_path: Path) -> Iterator[Engine]:
    """A Redis of its own: what holds for its process holds for all three."""
    engine = LocalStack(tmp_path).redis
    try:
        engine.start()
        engine.wait_healthy(10)
        yield engine
    finally:
        engine.stop()


def pid_of(engine: Engine) -> int:
    assert engine.pid is not None
    return engine.pid


def kill_and_start(engine: Engine) -> None:
    pid, port = pid_of(engine), engine.port
    engine.kill()
    assert engine.pid is None
    assert not engine.healthy()
    engine.start()
    engine.wait_healthy()
    assert pid_of(engine) != pid
    assert engine.port == port


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cql(stack: LocalStack, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""
    cluster = Cluster(["127.0.0.1"], port=stack.cassandra.port, protocol_version=5)
    try:
        session = cluster.connect()
        return [tuple(row) for row in [session.execute(each) for each in statements][-1]]
    finally:
        cluster.shutdown()


def commitlog_sync(stack: LocalStack) -> list[tuple[object, ...]]:
    return cql(stack, "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'")


def test_up_again_finds_what_runs(stack: LocalStack, state_dir: Path) -> None:
    before = stack.status()
    assert [engine.healthy for engine in before] == [True, True, True]
    again = LocalStack(state_dir)
    assert again.up(print) == stack.endpoints()
    assert again.status() == before


def test_a_machine_without_them_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    before = LocalStack(tmp_path).status()
    assert [(engine.healthy, engine.pid) for engine in before] == [(False, None)] * 3
    assert before[2].version == "not installed"


async def test_a_killed_kafka_comes_back_with_its_log(stack: LocalStack) -> None:
    bootstrap = stack.endpoints().kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC.topic, 1, 1, topic_configs={"flush.messages": "1"})])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(TOPIC.topic, b"before the kill")
    await asyncio.to_thread(kill_and_start, stack.kafka)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None) as consumer:
        consumer.assign([TOPIC])
        await consumer.seek_to_beginning(TOPIC)
        message = await asyncio.wait_for(consumer.getone(), 20)
    assert message.value == b"before the kill"


async def test_kafka_makes_no_topic_by_itself(stack: LocalStack) -> None:
    bootstrap = stack.endpoints().kafka_bootstrap
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, request_timeout_ms=1_000, metadata_max_age_ms=200
    ) as producer:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("never-made", b"refused")


def test_a_killed_cassandra_comes_back_with_its_rows(stack: LocalStack) -> None:
    cql(
        stack,
        "CREATE KEYSPACE kept WITH replication = "
        "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}",
        "CREATE TABLE kept.rows (id int PRIMARY KEY)",
        "INSERT INTO kept.rows (id) VALUES (7)",
    )
    kill_and_start(stack.cassandra)
    assert cql(stack, "SELECT id FROM kept.rows") == [(7,)]


def test_other_settings_take_effect_on_start(stack: LocalStack, state_dir: Path) -> None:
    assert commitlog_sync(stack) == [("group",)]
    periodic = LocalStack(state_dir, Tuning(commitlog_sync="periodic")).cassandra
    periodic.start()
    periodic.wait_healthy()
    assert commitlog_sync(stack) == [("periodic",)]
    stack.cassandra.start()
    stack.cassandra.wait_healthy()
    assert commitlog_sync(stack) == [("group",)]


def test_down_ends_all_and_up_brings_the_same_back(stack: LocalStack) -> None:
    ends = stack.endpoints()
    pids = [engine.pid for engine in stack.status()]
    stack.down()
    stack.down()
    assert [engine.pid for engine in stack.status()] == [None, None, None]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not any(accepts(engine.port) for engine in (stack.kafka, stack.cassandra, stack.redis))
    assert stack.up(print) == ends


def test_redis_keeps_its_port_and_nothing_else(lone: Engine) -> None:
    kill_and_start(lone)
    with Redis(port=lone.port) as client:
        client.set("key", "value")
    lone.stop()
    lone.start()
    lone.wait_healthy(10)
    with Redis(port=lone.port) as client:
        assert client.dbsize() == 0


def test_a_paused_engine_is_not_healthy_though_its_port_is_open(lone: Engine) -> None:
    lone.pause()
    assert accepts(lone.port)
    assert not lone.healthy()
    with pytest.raises(EngineError, match="does not answer after 1 s"):
        lone.wait_healthy(1)
    lone.resume()
    assert lone.healthy()


def test_a_paused_engine_is_woken_to_stop_in_order(lone: Engine) -> None:
    pid = pid_of(lone)
    lone.pause()
    begun = time.monotonic()
    lone.stop()
    assert time.monotonic() - begun < STOP_TIMEOUT_S / 2
    assert not Path(f"/proc/{pid}").exists()


def test_concurrent_starts_make_one_process(installed: None, tmp_path: Path) -> None:
    def start(_: int) -> int | None:
        engine = LocalStack(tmp_path).redis
        engine.start()
        return engine.pid

    try:
        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(start, range(8)))) == 1
    finally:
        LocalStack(tmp_path).redis.stop()


def test_an_engine_outlives_the_process_group_that_started_it(
    installed: None, tmp_path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from infra.local.stack import LocalStack;"
        "redis = LocalStack(Path(sys.argv[1])).redis; redis.start();"
        "print(redis.pid, flush=True); import os; os.killpg(0, 9)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    found = LocalStack(tmp_path).redis
    try:
        found.wait_healthy(10)
        assert found.pid == int(ran.stdout)
    finally:
        found.stop()


def test_a_pid_that_died_unseen_is_replaced(lone: Engine) -> None:
    pid, port = pid_of(lone), lone.port
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    lone.start()
    lone.wait_healthy(10)
    assert lone.pid != pid
    assert lone.port == port


def test_a_stranger_with_the_noted_pid_is_left_alone(lone: Engine, tmp_path: Path) -> None:
    lone.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            path = tmp_path / "engines.json"
            records = json.loads(path.read_text())
            records["redis"] |= {"pid": stranger.pid, "known_as": "another boot:1"}
            path.write_text(json.dumps(records))
            assert lone.pid is None
            lone.kill()
            lone.stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                stranger.wait(0.3)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_failed_start_shows_the_log_and_the_way_out(installed: None, tmp_path: Path) -> None:
    (tmp_path / "redis" / "redis.log").mkdir(parents=True)
    engine = LocalStack(tmp_path).redis
    engine.start()
    with pytest.raises(EngineError, match=r"(?s)open the log file.*foldline engines down"):
        engine.wait_healthy(10)


def test_the_installer_names_what_it_cannot_install(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["/bin/sh", str(INSTALL), "maven"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "missing: maven" in ran.stderr
