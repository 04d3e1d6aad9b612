"""The pictures of the report, one for each question."""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from benchmarks.pictures import empty, saved
from benchmarks.reads.suite import FOLDLINE

Figures = dict[str, Any]
_PARTS: Final = ("p50", "p90", "p99", "p99.9")
_OURS, _OTHERS, _DARK = "#2563eb", "#9ca3af", "#111827"


def draw(found: Figures, folder: Path) -> list[Path]:
    """All pictures of these figures, as SVG files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        saved(_ways(found["warm"]["rates"]), folder / "ways.svg"),
        saved(_curve(found["curve"]), folder / "latency.svg"),
        saved(_mixed(found["mixed"]), folder / "mixed.svg"),
    ]


def _ways(rates: Figures) -> Figure:
    figure, axes = empty("Pages a second of one process (median; the line spans all rounds)")
    for at, (name, rate) in enumerate(reversed(rates.items())):
        axes.barh(at, rate["median"], color=_OURS if name == FOLDLINE else _OTHERS)
        axes.plot([rate["min"], rate["max"]], [at, at], color=_DARK, linewidth=1.5)
        axes.text(rate["max"], at, f"  {rate['median']:,.0f}", va="center")
    axes.set_yticks(range(len(rates)), list(reversed(rates)))
    axes.set_xlim(right=axes.get_xlim()[1] * 1.15)
    return figure


def _curve(found: list[Figures]) -> Figure:
    figure, axes = empty("Latency of a warm page by load, from the moment it was due")
    loads = [each["per_s"] for each in found]
    for part in _PARTS:
        axes.plot(loads, [each["ms"][part] for each in found], marker="o", label=part)
    axes.set_xlabel("pages a second asked of one process")
    axes.set_ylabel("ms")
    axes.set_yscale("log")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _mixed(found: list[Figures]) -> Figure:
    figure, axes = empty("p95 at eighty reads a write, by reads and deliveries a second")
    names = [f"{each['reads_per_s']:,.0f}\n{each['deliveries_per_s']:,}" for each in found]
    for offset, (what, color) in enumerate(
        (("timeline", _OURS), ("post", _OTHERS), ("follow", _DARK))
    ):
        at = [number + offset * 0.25 for number in range(len(found))]
        axes.bar(at, [each[what]["ms"]["p95"] for each in found], 0.22, color=color, label=what)
    axes.set_xticks([number + 0.25 for number in range(len(found))], names)
    axes.set_ylabel("ms")
    axes.legend(frameon=False, loc="upper left")
    return figure
