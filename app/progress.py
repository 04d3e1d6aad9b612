"""Progress of long work, on stderr: a bar at a terminal, a line for every tenth elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from foldline.clock import Clock, SystemClock

stderr = Console(stderr=True, highlight=False)


@contextmanager
def progress(what: str, total: int, *, bar: bool = True) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` is done; call what is yielded with each step's size."""
    if bar and stderr.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.speed:,.0f}/s", justify="right"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=stderr) as shown:
            task = shown.add_task(what, total=total)
            yield lambda step: shown.advance(task, step)
        return
    lines = _Lines(what, total, SystemClock())
    yield lines.advance


class _Lines:
    def __init__(self, what: str, total: int, clock: Clock) -> None:
        self._what = what
        self._total = max(total, 1)
        self._clock = clock
        self._begun = clock.monotonic()
        self._done = 0

    def advance(self, step: int) -> None:
        before = self._done * 10 // self._total
        self._done += step
        if self._done * 10 // self._total == before:
            return
        rate = self._done / max(self._clock.monotonic() - self._begun, 1e-3)
        left = time.strftime("%M:%S", time.gmtime((self._total - self._done) / rate))
        stderr.print(
            f"{self._what}  {self._done * 100 // self._total:3d} %  "
            f"{self._done:,} of {self._total:,}  {rate:,.0f}/s  {left} left"
        )
