"""A file that one process at a time holds; the kernel lets go of it when that process dies."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_process(path: Path, refusal: Callable[[str], Exception]) -> Iterator[None]:
    """Hold the lock file at `path`, whose folder is made if need be.

    Raises what `refusal` makes of the holder's process id where another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise refusal(lock.read().strip() or "unknown") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
