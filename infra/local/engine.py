"""What the three local engines share: one process with files, ports, a log and a health probe."""

import hashlib
import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP, Signals
from string import Template

from infra import engines
from infra.engine import (
    LOOPBACK,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    EngineError,
    EngineStatus,
)
from infra.local import ports, process
from infra.local.state import Record, StateFile, locked

_TAIL_LINES = 25
_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Launch:
    """How to start an engine: the program with its arguments, and the text of its files."""

    argv: list[str]
    files: dict[Path, str]

    @property
    def fingerprint(self) -> str:
        """Changes with everything that the process is started with."""
        parts = [*self.argv, *(f"{path}\n{text}" for path, text in self.files.items())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class LocalEngine(ABC):
    """One engine of one state directory; an `infra.engine.Engine`."""

    name: str
    port_names: tuple[str, ...] = ("client",)

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self.home = state.directory / self.name
        self.templates = _TEMPLATES / self.name
        self.data = self.home / "data"
        self.log = self.home / f"{self.name}.log"
        self.output = self.home / f"{self.name}.out"

    @abstractmethod
    def version(self) -> str:
        """The version that start() would run."""

    @abstractmethod
    def launch(self, on: dict[str, int]) -> Launch:
        """The command and files for these ports. Raises EngineError where a part is missing."""

    @abstractmethod
    def answers(self, host: str, port: int) -> bool:
        """One request of the engine's own protocol."""

    def prepare(self, launch: Launch) -> None:
        """Write the files."""
        self.data.mkdir(parents=True, exist_ok=True)
        for path, text in launch.files.items():
            path.write_text(text)

    @property
    def port(self) -> int:
        """The clients' port. Raises EngineError if the engine was never started here."""
        record = self._state.get(self.name)
        if record is None:
            raise EngineError(f"{self.name} was never started in {self._state.directory}")
        return record.ports["client"]

    @property
    def pid(self) -> int | None:
        """The process that runs now; None while there is none."""
        record = self._state.get(self.name)
        return record.pid if record is not None and _runs(record) else None

    def start(self) -> None:
        """Start it where it is down, wake it where it is paused, start it anew where it runs with
        other settings. Does not wait until it is healthy."""
        with locked(self.home / "start.lock"):
            record = self._state.get(self.name)
            running = record is not None and _runs(record)
            on = record.ports if record and (running or _all_free(record)) else self._new_ports()
            launch = self.launch(on)
            if running and record is not None:
                if record.fingerprint == launch.fingerprint:
                    process.send(record.pid, record.known_as, SIGCONT)
                    return
                self._end(record)
            self._start(launch, on)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if it still runs after 20 s."""
        with locked(self.home / "start.lock"):
            record = self._state.get(self.name)
            if record is not None and record.pid:
                self._end(record)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        record = self._state.get(self.name)
        if record is None or not _runs(record):
            return
        if not process.kill(record.pid, record.known_as):
            raise EngineError(f"{self.name} (pid {record.pid}) does not die")

    def pause(self) -> None:
        """SIGSTOP."""
        self._send(SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._send(SIGCONT)

    def healthy(self) -> bool:
        """True if its process runs and answers a request."""
        record = self._state.get(self.name)
        if record is None or not _runs(record):
            return False
        return self.answers(LOOPBACK, record.ports["client"])

    def wait_healthy(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until healthy. Raises EngineError with the log's end."""
        engines.wait_healthy(self, timeout_s, self._failure)

    def status(self) -> EngineStatus:
        """As it is now."""
        record = self._state.get(self.name)
        pid = self.pid
        return EngineStatus(
            name=self.name,
            version=record.version if record and pid else self.version(),
            pid=pid,
            port=record.ports["client"] if record and pid else None,
            healthy=self.healthy(),
        )

    def template(self, file: str, **values: object) -> str:
        """A file from this package's directory of the engine, its $names filled in."""
        text = (self.templates / file).read_text()
        return Template(text).substitute({key: str(value) for key, value in values.items()})

    def _new_ports(self) -> dict[str, int]:
        with locked(self._state.directory / "ports.lock"):
            on = ports.pick(self.port_names, self._state.ports_in_use())
            self._state.put(self.name, Record(self.version(), on, str(self.data)))
            return on

    def _start(self, launch: Launch, on: dict[str, int]) -> None:
        self.prepare(launch)
        if self.output.exists():
            self.output.replace(self.output.with_suffix(".out.1"))
        pid = process.spawn(launch.argv, self.output)
        known_as = process.identity(pid) or ""
        record = Record(self.version(), on, str(self.data), pid, known_as, launch.fingerprint)
        self._state.put(self.name, record)

    def _end(self, record: Record) -> None:
        if not process.terminate(record.pid, record.known_as, STOP_TIMEOUT_S):
            raise EngineError(f"{self.name} (pid {record.pid}) does not end")
        self._state.stopped(self.name)

    def _send(self, number: Signals) -> None:
        record = self._state.get(self.name)
        if record is not None:
            process.send(record.pid, record.known_as, number)

    def _failure(self, what: str) -> str:
        lines: list[str] = []
        for path in (self.log, self.output):
            if path.is_file():
                lines += path.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        tail = "\n".join(f"  {line}" for line in lines)
        return (
            f"{self.name} {what}. The end of {self.log}:\n{tail}\n"
            f"To start afresh: foldline engines down; rm -r {shlex.quote(str(self.home))}"
        )


def _runs(record: Record) -> bool:
    return process.alive(record.pid, record.known_as)


def _all_free(record: Record) -> bool:
    return all(ports.free(port) for port in record.ports.values())
