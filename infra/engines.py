"""The three engines of the distributed profile, started and ended together."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from infra.engine import (
    LOOPBACK,
    POLL_S,
    Endpoints,
    Engine,
    EngineError,
    EngineStatus,
    Say,
)


class EngineStack(ABC):
    """The engines outlive the process that started them; a later stack on the same state
    directory finds them, on the same ports and with the same data."""

    def __init__(self, kafka: Engine, cassandra: Engine, redis: Engine) -> None:
        self.kafka = kafka
        self.cassandra = cassandra
        self.redis = redis

    @abstractmethod
    def install(self, say: Say) -> None:
        """Get what the engines are made of. Raises EngineError."""

    def up(self, say: Say) -> Endpoints:
        """Install what is missing, start what is down, wait until all answer. Idempotent.

        `say` is called from several threads. Raises EngineError with the end of the log and the
        way out.
        """
        self.install(say)

        def ready(engine: Engine) -> None:
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
        return [engine.status() for engine in self._all()]

    def endpoints(self) -> Endpoints:
        """Where the engines are, or will be again. Raises EngineError before the first start."""
        return Endpoints(
            kafka_bootstrap=f"{LOOPBACK}:{self.kafka.port}",
            cassandra_host=LOOPBACK,
            cassandra_port=self.cassandra.port,
            redis_url=f"redis://{LOOPBACK}:{self.redis.port}/0",
        )

    def _all(self) -> list[Engine]:
        return [self.kafka, self.cassandra, self.redis]

    def _on_all(self, act: Callable[[Engine], None]) -> None:
        """Act on all engines at once; then raise the first error there was."""
        with ThreadPoolExecutor(len(self._all())) as threads:
            outcomes = [threads.submit(act, engine) for engine in self._all()]
        for outcome in outcomes:
            outcome.result()


def wait_healthy(engine: Engine, timeout_s: float, failure: Callable[[str], str]) -> None:
    """Wait until healthy; if it dies or the time is over raise EngineError(failure(what))."""
    deadline = time.monotonic() + timeout_s
    while not engine.healthy():
        if engine.pid is None:
            raise EngineError(failure("is not running: it ended, or was never started"))
        if time.monotonic() > deadline:
            raise EngineError(failure(f"does not answer after {timeout_s:.0f} s"))
        time.sleep(POLL_S)
