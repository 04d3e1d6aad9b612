"""`python -m benchmarks.reads`: measures reads; writes figures, pictures and their page."""

from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.reads.report import write_report
from benchmarks.reads.suite import QUICK, WHOLE, Suite
from benchmarks.runs import measured, stream_framework_is_there

RESULTS: Final = Path(__file__).parents[1] / "results"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A glance, in two minutes.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Of the last run.")] = False,
    part: Annotated[str, typer.Option(help="Only warm, cold or mixed, anew.")] = "",
) -> None:
    """Measure reads against a bare handler, the driver alone and Stream-Framework."""
    stream_framework_is_there()
    results = RESULTS / f"reads{'-quick' if quick else ''}.json"
    scale = QUICK if quick else WHOLE
    if not report_only:
        measured(lambda stack, say: Suite(stack, scale, say).run(part), results, quick, part)
    write_report(results)


typer.run(main)
