"""What a server that Foldline stands on can be told, wherever it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Heap = Literal["tests", "benchmarks"]
CommitlogSync = Literal["group", "periodic"]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the engines of a stack are set up. `heap`: for tests, or as large as benchmarks need."""

    heap: Heap = "tests"
    commitlog_sync: CommitlogSync = "group"


AS_TESTED = Tuning()

Say = Callable[[str], None]

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
POLL_S = 0.1


class EngineError(Exception):
    """An engine cannot be installed, started or stopped; the text says what to do next."""


@dataclass(frozen=True)
class Endpoints:
    """Where the clients connect to."""

    kafka_bootstrap: str
    cassandra_host: str
    cassandra_port: int
    redis_url: str


@dataclass(frozen=True)
class EngineStatus:
    """One engine at one moment; `pid` and `port` are None while it is down."""

    name: str
    version: str
    pid: int | None
    port: int | None
    healthy: bool


class Engine(Protocol):
    """One server. All calls block; all are idempotent."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int:
        """The clients' port, also while it is down. Raises EngineError before the first start."""

    @property
    def pid(self) -> int | None:
        """The process that runs now; None while there is none."""

    def version(self) -> str:
        """The version that start() would run; `not installed` before there is one."""

    def start(self) -> None:
        """Start it where it is down; wake it where it is paused. Raises EngineError."""

    def stop(self) -> None:
        """End it in order, by force after 20 s. The data stay."""

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""

    def pause(self) -> None:
        """SIGSTOP: sockets stay open, nothing answers."""

    def resume(self) -> None:
        """SIGCONT."""

    def healthy(self) -> bool:
        """True if a request of its own protocol is answered now (a few seconds at most)."""

    def wait_healthy(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until healthy. Raises EngineError if it dies, or when the time is over."""

    def status(self) -> EngineStatus:
        """As it is now."""
