"""Kafka, Cassandra and Redis as processes of this machine, kept in one state directory."""

from pathlib import Path

from infra.engine import AS_TESTED, Endpoints, Engine, EngineError, EngineStatus, Say, Tuning
from infra.engines import EngineStack
from infra.local import artifacts, tools
from infra.local.cassandra_engine import CassandraEngine
from infra.local.kafka_engine import KafkaEngine
from infra.local.redis_engine import RedisEngine
from infra.local.state import StateFile

__all__ = ["Endpoints", "Engine", "EngineError", "EngineStatus", "LocalStack"]


class LocalStack(EngineStack):
    """Linux only: it asks /proc whether a process is still the one it started."""

    def __init__(self, state_dir: Path, tuning: Tuning = AS_TESTED) -> None:
        state = StateFile(state_dir.absolute())
        super().__init__(
            KafkaEngine(state, tuning.heap),
            CassandraEngine(state, tuning),
            RedisEngine(state),
        )

    def install(self, say: Say) -> None:
        """Java, Maven and Redis from the system, the jars from Maven. Raises EngineError."""
        if not Path("/proc/self/stat").exists():
            raise EngineError("local engines need Linux; elsewhere start a Docker engine")
        tools.install_missing(say)
        for engine in (self.kafka, self.cassandra):
            artifacts.fetch(engine.name, say)
