"""`python -m benchmarks`: measures fan-out; writes figures, pictures and the page about them."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.report import write_report
from benchmarks.runs import measured, stream_framework_is_there
from benchmarks.suite import QUICK, WHOLE, Suite

RESULTS: Final = Path(__file__).parent / "results"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A glance, in two minutes.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Of the last run.")] = False,
) -> None:
    """Measure fan-out against the ceiling of this machine and against its peers."""
    stream_framework_is_there()
    scale = QUICK if quick else WHOLE
    results = RESULTS / f"fanout{'-quick' if quick else ''}.json"
    if not report_only:
        measured(lambda stack, say: Suite(stack, scale, say).run(), results, quick)
    write_report(json.loads(results.read_text()), results)


typer.run(main)
