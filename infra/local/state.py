"""The state file of a state directory: which processes are ours, on which ports."""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from infra.engine import EngineError

_FILE = "engines.json"
_LOCK = "engines.lock"


@dataclass(frozen=True)
class Record:
    """One engine as last started; `pid` 0 means that it was stopped."""

    version: str
    ports: dict[str, int]
    data_dir: str
    pid: int = 0
    known_as: str = ""
    fingerprint: str = ""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock on `path`, against other threads and processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class StateFile:
    """Reads and replaces `engines.json` as a whole, so that no reader sees half a file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / _FILE

    def get(self, name: str) -> Record | None:
        """The record of an engine; None if it was never started here."""
        return self._read().get(name)

    def put(self, name: str, record: Record) -> None:
        """Write one engine's record; the others' stay."""
        with locked(self.directory / _LOCK):
            records = self._read() | {name: record}
            text = json.dumps({key: asdict(value) for key, value in records.items()}, indent=2)
            draft = self._path.with_suffix(f".{threading.get_ident()}.tmp")
            with draft.open("w") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)

    def stopped(self, name: str) -> None:
        """Note that an engine has no process any more; ports and data stay its own."""
        record = self.get(name)
        if record is not None:
            self.put(name, replace(record, pid=0, known_as=""))

    def ports_in_use(self) -> set[int]:
        """All ports that any engine of this directory holds or will come back to."""
        return {port for record in self._read().values() for port in record.ports.values()}

    def _read(self) -> dict[str, Record]:
        try:
            raw = json.loads(self._path.read_text())
            return {name: Record(**fields) for name, fields in raw.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise EngineError(
                f"{self._path} cannot be read ({error}): end the engines it lists, remove it"
            ) from error
