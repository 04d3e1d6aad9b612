"""The page about rebuilds, rendered from the figures of a run."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from string import Template
from typing import Any, Final

from app.output import stdout
from benchmarks.pictures import empty, saved
from benchmarks.rebuild.beside import ALONE, HALF, P99
from benchmarks.rebuild.suite import FILLING, LIMIT
from benchmarks.tables import table, verdict

Figures = dict[str, Any]
_PAGE: Final = Path(__file__).parents[2] / "docs" / "rebuild-speed.md"
_WRITE_GOAL: Final = 0.8
_READ_GOAL: Final = 1.2
_LIVE_GOAL: Final = 10.0
_VERIFY_GOAL: Final = 20_000
_BESIDE_GOAL: Final = 2.0
_PICTURES: Final = (
    ("histories", "events", "Rebuilds of one surviving view"),
    ("growing", "rows", "Rebuilds of one history"),
)
_COLORS: Final = ("#2563eb", "#60a5fa", "#9ca3af")


def write_report(results: Path) -> None:
    """Draw the pictures and print the tables; of a whole run also write the page."""
    found = json.loads(results.read_text())
    folder = results.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for part, by, title in _PICTURES:
        rebuilds = [_median(each) for each in found.get(part, [])]
        if rebuilds:
            _draw(rebuilds, by, folder / f"{part}.svg", title)
    tables = "\n".join(_tables(found))
    stdout.out(tables)
    if not found["quick"]:
        each = found.get("parts_measured_at", {}).items()
        when = ", ".join([found["measured_at"], *(f"{part} at {at}" for part, at in each)])
        template = Path(__file__).with_name("rebuild-speed.md.template").read_text()
        _PAGE.write_text(Template(template).substitute(tables=tables, measured=when))
    stdout.out(f"\nall figures: {results}")


def _tables(found: Figures) -> Iterator[str]:
    """Of the parts that were measured."""
    if "write" in found:
        yield from table(("way", "rows/s", "all rounds"), _rates(found["write"]))
        yield from table(("ratio", "median", "all rounds", "goal"), _ratios(found["write"]))
    head: tuple[str, ...]
    head = ("events", "rows", "replay", "fill", "catch up", "whole", "reading the log alone")
    histories, growing = found.get("histories", []), found.get("growing", [])
    rebuilds = [*histories, *growing]
    if rebuilds:
        yield from table(head, _stages([*map(_median, rebuilds)]))
    for less, more in pairwise(histories):
        few, many = (each["rounds"][0]["events"] for each in (less, more))
        grown = f"from {few:,} to {many:,} events"
        yield from table((grown, "ratio, all pairs", "goal"), _growth(less, more))
    head = (
        *("timelines", "entries each", "verified a minute", "goal"),
        *("whole accounts a minute", "the ledger before"),
    )
    yield from table(head, [*_verified(histories, goal=True), *_verified(growing, goal=False)])
    if "against" in found:
        head = ("events", "rebuilds before and after", "live projectors", "ratios", "goal")
        yield from table(head, _against(found["against"]))
    if "beside" in found:
        load = found["beside"]["load"]
        head = (
            f"beside {load['reads_per_s']:g} reads and {load['posts_per_s']:g} posts a second",
            *("p99 of reads, all rounds", "p99 of posts", "shown after", "failed"),
        )
        yield from table(head, _beside(found["beside"]))
        yield from table(("ratio", "all pairs", "goal"), _slower(found["beside"]))


def _rates(found: Figures) -> Iterator[tuple[str, ...]]:
    for name in (LIMIT, FILLING):
        rate = found["rates"][name]
        yield name, f"{rate['median']:,.0f}", f"{rate['min']:,.0f} to {rate['max']:,.0f}"


def _ratios(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, ratio in found["ratios"].items():
        spread = f"{ratio['min']:.2f} to {ratio['max']:.2f}"
        goal = verdict(f"≥ {_WRITE_GOAL}", ratio["median"] >= _WRITE_GOAL)
        yield name, f"{ratio['median']:.2f}", spread, goal


def _stages(found: list[Figures]) -> Iterator[tuple[str, ...]]:
    for each in found:
        stages = (f"{seconds:.1f} s" for seconds in each["stages_s"].values())
        whole, read = f"{each['seconds']:.1f} s", f"{each['read_s']:.1f} s"
        yield f"{each['events']:,}", f"{each['rows']:,}", *stages, whole, read


def _growth(short: Figures, long: Figures) -> Iterator[tuple[str, ...]]:
    """What more history takes, beside what it takes to read it."""
    pairs = list(zip(short["rounds"], long["rounds"], strict=True))
    events = long["rounds"][0]["events"] - short["rounds"][0]["events"]
    more = [last["seconds"] - first["seconds"] for first, last in pairs]
    cpu = [last["cpu_s"] - first["cpu_s"] for first, last in pairs]
    whole = [last["read_s"] for _, last in pairs]
    added = [last["read_s"] - first["read_s"] for first, last in pairs]
    read_cpu = [last["read_cpu_s"] - first["read_cpu_s"] for first, last in pairs]

    def row(what: str, took: list[float], least: list[float], goal: str = "") -> tuple[str, ...]:
        times = [each / alone for each, alone in zip(took, least, strict=True)]
        held = verdict(goal, median(times) <= _READ_GOAL) if goal else ""
        return what, f"{median(times):.2f} ({min(times):.2f} to {max(times):.2f})", held

    seconds = f"{median(more):.1f} s more"
    yield row(
        f"{seconds}; the log is read in {median(whole):.1f} s", more, whole, f"≤ {_READ_GOAL}"
    )
    yield row(f"{seconds}; what was added in {median(added):.1f} s", more, added)
    each, alone = (1e6 * median(of) / events for of in (cpu, read_cpu))
    yield row(f"{each:.1f} CPU-µs an event; {alone:.1f} to read it", cpu, read_cpu)


def _median(found: Figures) -> Figures:
    """Of all rounds of a history, the one that took the middling time."""
    rounds = sorted(found["rounds"], key=lambda each: float(each["seconds"]))
    middle: Figures = rounds[len(rounds) // 2]
    return middle


def _beside(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, rounds in found["rounds"].items():
        reads = [each[P99] for each in rounds]
        shown = [each["shown"]["ms"]["p50"] for each in rounds]
        posts = [each["posts"]["ms"]["p99"] for each in rounds]
        failed = sum(each["reads"]["failed"] + each["posts"]["failed"] for each in rounds)
        spread = f"{median(reads):.0f} ms ({min(reads):.0f} to {max(reads):.0f})"
        yield name, spread, f"{median(posts):.0f} ms", f"{median(shown):.0f} ms", str(failed)


def _slower(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, ratio in found["ratios"].items():
        if name.endswith(ALONE):
            goal = verdict(f"≤ {_BESIDE_GOAL:g}", ratio["median"] <= _BESIDE_GOAL)
            spread = f"{ratio['median']:.1f} ({ratio['min']:.1f} to {ratio['max']:.1f})"
            yield f"p99 of reads: {name}", spread, goal if name.startswith(HALF) else ""


def _verified(found: list[Figures], *, goal: bool) -> Iterator[tuple[str, ...]]:
    for each in found:
        told, whole = each["timelines_verified"], each["accounts_verified"]
        held = verdict(f"≥ {_VERIFY_GOAL:,}", told["per_minute"] >= _VERIFY_GOAL) if goal else ""
        rate, every = f"{told['per_minute']:,}", f"{whole['per_minute']:,}"
        entries, ledger = f"{told['entries_each']:,}", f"{each['ledger_s']:.1f} s"
        yield f"{told['accounts']:,}", entries, rate, held, every, ledger


def _against(found: Figures) -> Iterator[tuple[str, ...]]:
    rebuilds, live, ratios = found["rebuilds"], found["live"], found["ratios"]
    goal = verdict(f"≥ {_LIVE_GOAL:g}", mean(ratios) >= _LIVE_GOAL)
    took = " and ".join(f"{each['seconds']:.1f} s" for each in rebuilds)
    times = " and ".join(f"{each:.1f}" for each in ratios)
    yield (
        f"{rebuilds[0]['events']:,}",
        took,
        f"{live['workers']} in {live['seconds']:.1f} s",
        times,
        goal,
    )


def _draw(found: list[Figures], by: str, path: Path, title: str) -> None:
    figure, axes = empty(f"{title}: seconds of each stage, by {by}")
    below = [0.0] * len(found)
    labels = [f"{each[by]:,}" for each in found]
    for color, stage in zip(_COLORS, found[0]["stages_s"], strict=True):
        heights = [each["stages_s"][stage] for each in found]
        axes.bar(labels, heights, bottom=below, color=color, label=stage)
        below = [low + high for low, high in zip(below, heights, strict=True)]
    reading = [each["read_s"] for each in found]
    axes.plot(labels, reading, color="#111827", marker="o", label="reading the log alone")
    axes.set_ylabel("s")
    axes.legend(frameon=False)
    saved(figure, path)
