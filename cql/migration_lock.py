"""One migrator at a time: a row in the control keyspace, held for a lease."""

import time
import uuid
from types import TracebackType
from typing import Any, Final

from cql.loader import MIGRATIONS, statements
from foldline.errors import ControlUnavailableError

_POLL_S: Final = 0.2


class MigrationLock:
    """A lock that a dead holder loses after `lease_s` seconds. Blocks."""

    def __init__(self, session: Any, keyspace: str, lease_s: int) -> None:
        self._session = session
        self._keyspace = keyspace
        self._lease_s = lease_s
        self._holder = uuid.uuid4()

    def __enter__(self) -> None:
        """Wait for the lock. Raises `ControlUnavailableError` after two leases."""
        deadline = time.monotonic() + 2 * self._lease_s
        while not self._applied("acquire_lock", self._holder, self._lease_s):
            if time.monotonic() > deadline:
                raise ControlUnavailableError("another migration is running: try again later")
            time.sleep(_POLL_S)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._applied("release_lock", self._holder)

    def renew(self) -> None:
        """Begin the lease anew. Raises `ControlUnavailableError` where it was lost."""
        if not self._applied("renew_lock", self._lease_s, self._holder, self._holder):
            raise ControlUnavailableError("the migration lock was lost: migrate again")

    def _applied(self, name: str, *values: object) -> bool:
        text = statements(MIGRATIONS)[name].text
        prepared = self._session.prepare(text, keyspace=self._keyspace)
        return bool(self._session.execute(prepared, values).was_applied)
