"""The page about reads, rendered from the figures of a run."""

import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

from app.output import stdout
from benchmarks.reads.pictures import draw
from benchmarks.reads.suite import BARE, COLD, DRIVER, FOLDLINE, PEER
from benchmarks.tables import table, verdict

Figures = dict[str, Any]
_PAGE: Final = Path(__file__).parents[2] / "docs" / "reads.md"
_WARM_GOALS: Final = {f"{FOLDLINE} / {BARE}": 0.5, f"{FOLDLINE} / {PEER}": 3.0}
_COLD_GOALS: Final = {f"{COLD} / {DRIVER}": 3.0}
_P95_GOALS: Final = {"timeline": 500, "post": 200, "follow": 100}  # ms


def write_report(results: Path) -> None:
    """Draw the pictures and print the tables; of a whole run also write the page."""
    found = json.loads(results.read_text())
    draw(found, results.with_suffix(""))
    tables = "\n".join(_tables(found))
    stdout.out(tables)
    if not found["quick"]:
        parts = found.get("parts_measured_at", {}).items()
        when = [found["measured_at"], *(f"{part} at {at}" for part, at in parts)]
        said = {"tables": tables, "measured": ", ".join(when)}
        said |= {name: f"{found[name]:,g}" for name in ("viewers", "followees")}
        template = Path(__file__).with_name("reads.md.template").read_text()
        _PAGE.write_text(Template(template).substitute(said))
    stdout.out(f"\nall figures: {results}")


def _tables(found: Figures) -> Iterator[str]:
    yield from table(("way", "pages/s of a process", "all rounds", "µs of CPU"), _ways(found))
    yield from table(("ratio", "median", "all rounds", "goal"), _ratios(found))
    head: tuple[str, ...] = ("pages", "a second", "p50", "p95", "p99", "p99.9", "µs of CPU")
    yield from table(head, _latencies(found))
    head = ("reads/s", "deliveries/s", "timeline p95", "post p95", "follow p95", "shown after, p95")
    yield from table(head, _mixed(found))
    yield from table(("cache", "hits in memory, warm", "mixed", "shared, mixed"), _hits(found))


def _ways(found: Figures) -> Iterator[tuple[str, ...]]:
    warm = found["warm"]
    for name, rate in warm["rates"].items():
        used = sorted(each["cpu_us"]["process"] for each in warm["rounds"][name])
        yield (
            name,
            f"{rate['median']:,.0f}",
            f"{rate['min']:,.0f} to {rate['max']:,.0f}",
            f"{used[len(used) // 2]:.0f} ({used[0]:.0f} to {used[-1]:.0f})",
        )


def _ratios(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, ratio in found["warm"]["ratios"].items():
        goal = _WARM_GOALS.get(name)
        held = "" if goal is None else verdict(f"≥ {goal:g}", ratio["median"] >= goal)
        yield name, f"{ratio['median']:.2f}", f"{ratio['min']:.2f} to {ratio['max']:.2f}", held
    for name, ratio in found["cold"]["ratios"].items():
        held = verdict(f"≤ {_COLD_GOALS[name]:g}", ratio["median"] <= _COLD_GOALS[name])
        spread = f"{ratio['min']:.2f} to {ratio['max']:.2f}"
        yield f"p99 of {name}", f"{ratio['median']:.2f}", spread, held


def _latencies(found: Figures) -> Iterator[tuple[str, ...]]:
    for each in found["curve"]:
        yield _latency(f"warm, {each['share']:.0%} load", each["per_s"], each)
    yield _latency(
        "heavy readers, first", found["heavy"]["first"]["per_s"], found["heavy"]["first"]
    )
    yield _latency(
        "… again, all it can", found["heavy"]["again"]["reads_per_s"], found["heavy"]["again"]
    )
    yield _latency("deep", found["deep"]["per_s"], found["deep"])
    for name in (COLD, DRIVER):
        rounds = found["cold"]["rounds"][name]
        middle = sorted(rounds, key=lambda each: each["ms"]["p99"])[len(rounds) // 2]
        yield _latency(name, None, middle)


def _latency(name: str, per_s: float | None, each: Figures) -> tuple[str, ...]:
    shown = (f"{each['ms'][part]:g}" for part in ("p50", "p95", "p99", "p99.9"))
    used = f"{each['cpu_us']['process']:.0f}" if "cpu_us" in each else ""
    return name, "" if per_s is None else f"{per_s:,.0f}", *shown, used


def _mixed(found: Figures) -> Iterator[tuple[str, ...]]:
    for each in found["mixed"]:
        shown = (
            verdict(f"{each[what]['ms']['p95']:g} < {goal}", each[what]["ms"]["p95"] < goal)
            for what, goal in _P95_GOALS.items()
        )
        late = f"{each['shown']['ms']['p95']:g} ms"
        yield f"{each['reads_per_s']:g}", f"{each['deliveries_per_s']:,}", *shown, late


def _hits(found: Figures) -> Iterator[tuple[str, ...]]:
    warm, mixed = found["warm"]["hits"], found["mixed"][-1]["hits"]
    for kind in sorted({*warm, *mixed}):
        yield (
            kind,
            _share(warm.get(kind, {}).get("memory")),
            _share(mixed.get(kind, {}).get("memory")),
            _share(mixed.get(kind, {}).get("shared")),
        )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
