"""Child processes that outlive their parent, and are told apart from a reused pid."""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from infra.engine import POLL_S

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Places in /proc/PID/stat, counted from the state, which follows the name.
_STATE, _THREADS, _STARTED = 0, 17, 19
_KILL_TIMEOUT_S = 10.0


def spawn(argv: Sequence[str], output: Path) -> int:
    """Start argv in a session of its own, stdout and stderr to `output`; its pid.

    Not subprocess.Popen: that object complains when it is dropped with its child alive.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        argv[0],
        list(argv),
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(output), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
    )


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same pid; None if it is dead.

    Boot id and start time (clock ticks since boot). A zombie is dead once its other threads are
    gone too: until then they hold its sockets and files.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name stands in brackets and may itself hold spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in "ZX" and int(fields[_THREADS]) <= 1:
        return None
    return f"{_BOOT_ID.read_text().strip()}:{fields[_STARTED]}"


def alive(pid: int, known_as: str) -> bool:
    """True if the process that was started as `known_as` still runs."""
    # waitpid would take 0 for "any child".
    if pid <= 0:
        return False
    # Reaps it if it was our own child; elsewhere init does.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return identity(pid) == known_as


def send(pid: int, known_as: str, number: signal.Signals) -> None:
    """Send a signal, to that very process only."""
    if alive(pid, known_as):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def gone_within(pid: int, known_as: str, timeout_s: float) -> bool:
    """Wait for its end; False if it still runs after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while alive(pid, known_as):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def kill(pid: int, known_as: str) -> bool:
    """SIGKILL; False if it has not gone after 10 s."""
    send(pid, known_as, signal.SIGKILL)
    return gone_within(pid, known_as, _KILL_TIMEOUT_S)


def terminate(pid: int, known_as: str, timeout_s: float) -> bool:
    """SIGTERM (a paused process is woken to take it), SIGKILL after `timeout_s`."""
    send(pid, known_as, signal.SIGTERM)
    send(pid, known_as, signal.SIGCONT)
    return gone_within(pid, known_as, timeout_s) or kill(pid, known_as)
