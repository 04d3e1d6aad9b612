"""`python -m benchmarks`: measures fan-out; writes figures, pictures and the page about them."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from app.progress import stderr
from benchmarks.report import write_report
from benchmarks.stream_framework import PYTHON
from benchmarks.suite import QUICK, WHOLE, Suite
from infra.engine import Tuning
from infra.stack import local_stack

RESULTS: Final = Path(__file__).parent / "results"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A glance, in two minutes.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Of the last run.")] = False,
) -> None:
    """Measure fan-out against the ceiling of this machine and against its peers."""
    if not PYTHON.exists():
        raise typer.BadParameter(f"Stream-Framework has no environment yet: there is no {PYTHON}")
    results = RESULTS / "fanout-quick.json" if quick else RESULTS / "fanout.json"
    if not report_only:
        found = _measured(quick)
        results.parent.mkdir(exist_ok=True)
        results.write_text(json.dumps(found, indent=1) + "\n")
    write_report(json.loads(results.read_text()), results)


def _measured(quick: bool) -> dict[str, object]:
    began = datetime.now(UTC)

    def say(what: str) -> None:
        passed = str(datetime.now(UTC) - began).partition(".")[0]
        stderr.print(f"{passed}  {what}")

    with tempfile.TemporaryDirectory(prefix="foldline-engines-") as state_dir:
        stack = local_stack(Path(state_dir), Tuning(heap="benchmarks"))
        try:
            stack.up(say)
            found = uvloop.run(Suite(stack, QUICK if quick else WHOLE, say).run())
        finally:
            stack.down()
    return {"measured_at": began.isoformat(timespec="seconds"), "quick": quick, **found}


typer.run(main)
