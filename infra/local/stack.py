"""Kafka, Cassandra and Redis as processes of this machine, kept in one state directory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.engine import (
    LOOPBACK,
    CommitlogSync,
    Endpoints,
    EngineError,
    EngineStatus,
    Heap,
    Say,
)
from infra.local import artifacts, tools
from infra.local.cassandra_engine import CassandraEngine
from infra.local.engine import LocalEngine
from infra.local.kafka_engine import KafkaEngine
from infra.local.redis_engine import RedisEngine
from infra.local.state import StateFile

__all__ = ["CommitlogSync", "Endpoints", "EngineError", "EngineStatus", "Heap", "LocalStack"]


class LocalStack:
    """The engines outlive the process that started them; a later stack on the same directory
    finds them, on the same ports and with the same data."""

    def __init__(
        self,
        state_dir: Path,
        *,
        heap: Heap = "tests",
        commitlog_sync: CommitlogSync = "group",
    ) -> None:
        state = StateFile(state_dir.absolute())
        self.kafka = KafkaEngine(state, heap)
        self.cassandra = CassandraEngine(state, heap, commitlog_sync)
        self.redis = RedisEngine(state)
        self._engines: list[LocalEngine] = [self.cassandra, self.kafka, self.redis]

    def up(self, say: Say) -> Endpoints:
        """Install what is missing, start what is down, wait until all answer. Idempotent.

        Raises EngineError with the end of the log and the way out.
        """
        if not Path("/proc/self/stat").exists():
            raise EngineError("local engines need Linux; with a Docker engine, start that instead")
        tools.install_missing(say)
        for name in (self.kafka.name, self.cassandra.name):
            artifacts.fetch(name, say)

        def ready(engine: LocalEngine) -> None:
            if engine.pid is None:
                say(f"starting {engine.name} {engine.version()}")
            engine.start()
            engine.wait_healthy()
            say(f"{engine.name} answers on {LOOPBACK}:{engine.port}")

        self._on_all(ready)
        return self.endpoints()

    def down(self) -> None:
        """End all that was started for this state directory. Idempotent; the data stay."""
        self._on_all(lambda engine: engine.stop())

    def status(self) -> list[EngineStatus]:
        """Each engine as it is now."""
        return [engine.status() for engine in self._engines]

    def endpoints(self) -> Endpoints:
        """Where the engines are, or will be again. Raises EngineError before the first start."""
        return Endpoints(
            kafka_bootstrap=f"{LOOPBACK}:{self.kafka.port}",
            cassandra_host=LOOPBACK,
            cassandra_port=self.cassandra.port,
            redis_url=f"redis://{LOOPBACK}:{self.redis.port}/0",
        )

    def _on_all(self, act: Callable[[LocalEngine], None]) -> None:
        """Act on all engines at once; then raise the first error there was."""
        with ThreadPoolExecutor(len(self._engines)) as threads:
            outcomes = [threads.submit(act, engine) for engine in self._engines]
        for outcome in outcomes:
            outcome.result()
