"""What processes use of the processor, as the kernel counts it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # behind the command in /proc/<pid>/stat, which is in parentheses


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) * _TICK_S


class ProcessorTime:
    """Of several processes by name, from now on."""

    def __init__(self, pids: Mapping[str, int | None]) -> None:
        self._pids = {name: pid for name, pid in pids.items() if pid is not None}
        self._before = {name: processor_s(pid) for name, pid in self._pids.items()}

    def us_each(self, units: int) -> dict[str, float]:
        """Microseconds of each process for one of `units` since then."""
        return {
            name: round((processor_s(pid) - self._before[name]) * 1e6 / units, 3)
            for name, pid in self._pids.items()
        }
