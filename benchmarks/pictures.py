"""The pictures of the report, one for each question."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.suite import EMBEDDED, FANOUT, LIMIT

Figures = dict[str, Any]
FRESH_MS: Final = 500  # the goal of p99
_OURS: Final = {FANOUT: "#2563eb", EMBEDDED: "#60a5fa", LIMIT: "#9ca3af"}
_OTHERS: Final = "#d97706"
_WIDE: Final = (8.0, 3.6)
mpl.rcParams.update({"svg.hashsalt": "foldline", "font.size": 10, "axes.spines.top": False})


def draw(found: Figures, folder: Path) -> list[Path]:
    """All pictures that these figures allow, as SVG files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [
        saved(_ways(found["ways"]["rates"]), folder / "ways.svg"),
        saved(_each_second(found["ways"]["rounds"]), folder / "each-second.svg"),
        saved(_freshness(found["freshness"]), folder / "freshness.svg"),
    ]
    if len(found["recipients"]) > 1:
        drawn.append(saved(_cost(found["recipients"]), folder / "recipients.svg"))
    return drawn


def _ways(rates: Figures) -> Figure:
    """Bars against peers and ceiling, on a logarithmic scale: they are far apart."""
    figure, axes = empty("Deliveries a second (median; the line spans all rounds)")
    for at, (name, rate) in enumerate(reversed(rates.items())):
        middle = rate["median"]
        axes.barh(at, middle, color=_OURS.get(name, _OTHERS))
        axes.plot([rate["min"], rate["max"]], [at, at], color="#111827", linewidth=1.5)
        axes.text(rate["max"] * 1.15, at, f"{middle:,.0f}", va="center")
    axes.set_yticks(range(len(rates)), list(reversed(rates)))
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 3)
    return figure


def _each_second(rounds: Figures) -> Figure:
    figure, axes = empty("Deliveries in each second, one line a round")
    for measured in rounds[FANOUT]:
        axes.plot(measured["deliveries_each_second"], color=_OURS[FANOUT], alpha=0.6)
    axes.set_xlabel("seconds")
    axes.set_ylim(bottom=0)
    return figure


def _freshness(found: list[Figures]) -> Figure:
    figure, axes = empty("From a POST's answer until every follower's row can be read")
    loads = [each["share"] * 100 for each in found]
    for part in ("p50", "p90", "p99"):
        axes.plot(loads, [each["fresh_ms"][part] for each in found], marker="o", label=part)
    axes.axhline(FRESH_MS, color="#9ca3af", linestyle="--", label="goal of p99")
    axes.set_xlabel("% of the most deliveries a second")
    axes.set_ylabel("ms")
    axes.set_yscale("log")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _cost(found: list[Figures]) -> Figure:
    figure, axes = empty("Processor time of a delivery as the users grow, rows a mutation equal")
    users = [each["users"] for each in found]
    for part in found[0]["cost_us"]:
        axes.plot(users, [each["cost_us"][part] for each in found], marker="o", label=part)
    axes.set_xscale("log")
    axes.set_xlabel("users")
    axes.set_ylabel("µs")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def empty(title: str) -> tuple[Figure, Axes]:
    """A picture with nothing on it yet."""
    figure = Figure(figsize=_WIDE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11, loc="left")
    axes.spines["right"].set_visible(False)
    return figure, axes


def saved(figure: Figure, path: Path) -> Path:
    """The picture as a file, the same bytes for the same figures."""
    figure.savefig(path, metadata={"Date": None})
    return path
