"""`python -m benchmarks.rebuild`: measures rebuilds; writes figures, pictures and their page."""

from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.rebuild.report import write_report
from benchmarks.rebuild.suite import QUICK, WHOLE, Suite
from benchmarks.runs import measured
from foldline.garbage import collect_seldom

RESULTS: Final = Path(__file__).parents[1] / "results"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A glance, in two minutes.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Of the last run.")] = False,
    part: Annotated[
        str, typer.Option(help="Only write, histories, growing, against or beside.")
    ] = "",
) -> None:
    """Measure rebuilds against the ceiling of the store, the log alone and live projectors."""
    collect_seldom()  # as the command does
    results = RESULTS / f"rebuild{'-quick' if quick else ''}.json"
    scale = QUICK if quick else WHOLE
    if not report_only:
        measured(lambda stack, say: Suite(stack, scale, say).run(part), results, quick, part)
    write_report(results)


if __name__ == "__main__":  # the processes of a rebuild import this again
    typer.run(main)
