"""A run over engines of its own: figures into a file."""

import json
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import typer
import uvloop

from app.progress import stderr
from benchmarks.rounds import Figures
from benchmarks.stream_framework import PYTHON
from infra.engine import Tuning
from infra.engines import EngineStack
from infra.stack import local_stack

Say = Callable[[str], None]
Measure = Callable[[EngineStack, Say], Awaitable[Figures]]


def stream_framework_is_there() -> None:
    """Ends the command where the peer has no environment yet."""
    if not PYTHON.exists():
        raise typer.BadParameter(f"Stream-Framework has no environment yet: there is no {PYTHON}")


def measured(measure: Measure, results: Path, quick: bool, part: str = "") -> None:
    """Start engines, measure, and write what was found. `part`: only this was measured, and takes
    the place of what was found of it before."""
    began = datetime.now(UTC)

    def say(what: str) -> None:
        passed = str(datetime.now(UTC) - began).partition(".")[0]
        stderr.print(f"{passed}  {what}")

    async def whole(stack: EngineStack) -> Figures:
        return await measure(stack, say)

    with tempfile.TemporaryDirectory(prefix="foldline-engines-") as state_dir:
        stack = local_stack(Path(state_dir), Tuning(heap="benchmarks"))
        try:
            stack.up(say)
            found = uvloop.run(whole(stack))
        finally:
            stack.down()
    when: Figures = {"measured_at": began.isoformat(timespec="seconds"), "quick": quick}
    results.parent.mkdir(exist_ok=True)
    known = json.loads(results.read_text()) if part else {}
    parts = known.pop("parts_measured_at", {}) | ({part: when.pop("measured_at")} if part else {})
    told = known | when | found | ({"parts_measured_at": parts} if parts else {})
    results.write_text(json.dumps(told, indent=1) + "\n")
