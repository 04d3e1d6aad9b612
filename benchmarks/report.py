"""The pages about fan-out, rendered from the figures of a run."""

from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

from app.output import stdout
from benchmarks.capacity import plans
from benchmarks.pictures import FRESH_MS, draw
from benchmarks.suite import CASSANDRA, EMBEDDED, FANOUT, LIMIT, NAIVE, REDIS
from benchmarks.tables import table, verdict

Figures = dict[str, Any]
_PAGES: Final = Path(__file__).parents[1] / "docs"
_GOALS: Final = {
    f"{FANOUT} / {LIMIT}": 0.6,
    f"{FANOUT} / {REDIS}": 15.0,
    f"{FANOUT} / {CASSANDRA}": 15.0,
    f"{FANOUT} / {NAIVE}": 15.0,
}
_RATES: Final = (61_000, 122_000, 183_000)
_EMBEDDED_GOAL: Final = 100_000
_HALF: Final = 0.5
_GROWTH: Final = 1.15


def write_report(found: Figures, results: Path) -> None:
    """Draw the pictures and print the tables; of a whole run also write the pages."""
    draw(found, results.with_suffix(""))
    tables = "\n".join(_tables(found))
    stdout.out(tables)
    if not found["quick"]:
        plan = "\n".join(_plan(found))
        stdout.out(plan)
        said = {"tables": tables, "plan": plan, "measured": found["measured_at"]}
        for page in ("performance.md", "capacity.md"):
            template = Path(__file__).with_name(f"{page}.template").read_text()
            (_PAGES / page).write_text(Template(template).substitute(said))
    stdout.out(f"\nall figures: {results}")


def _tables(found: Figures) -> Iterator[str]:
    yield from table(("way", "deliveries/s", "all rounds", "µs of CPU each"), _ways(found))
    yield from table(("ratio", "median", "all rounds", "goal"), _ratios(found))
    yield from table(("what", "found", "goal"), _others(found))


def _ways(found: Figures) -> Iterator[tuple[str, ...]]:
    ways = found["ways"]
    for name, rate in ways["rates"].items():
        used = ways["rounds"][name][-1]["cpu_us_per_delivery"]
        shown = ", ".join(f"{part} {us:g}" for part, us in used.items())
        yield name, f"{rate['median']:,.0f}", f"{rate['min']:,.0f} to {rate['max']:,.0f}", shown


def _ratios(found: Figures) -> Iterator[tuple[str, ...]]:
    for name, ratio in found["ways"]["ratios"].items():
        goal = _GOALS.get(name)
        yield (
            name,
            f"{ratio['median']:.2f}",
            f"{ratio['min']:.2f} to {ratio['max']:.2f}",
            "" if goal is None else verdict(f"≥ {goal:g}", ratio["median"] >= goal),
        )


def _others(found: Figures) -> Iterator[tuple[str, ...]]:
    rates = found["ways"]["rates"]
    for goal in _RATES:
        share = rates[FANOUT]["median"] / goal
        yield f"deliveries/s of {goal:,}", f"{share:.0%}", verdict("100 %", share >= 1)
    rate = rates[EMBEDDED]["median"]
    yield "embedded deliveries/s", f"{rate:,.0f}", verdict("≥ 100,000", rate >= _EMBEDDED_GOAL)
    yield from _sizes(found)
    for each in found["freshness"]:
        waits = each["fresh_ms"]
        at_half = each["share"] == _HALF
        yield (
            f"freshness at {each['share']:.0%} load, p50 / p99",
            f"{waits['p50']:g} / {waits['p99']:g} ms",
            verdict(f"p99 ≤ {FRESH_MS} ms", waits["p99"] <= FRESH_MS) if at_half else "",
        )
    for each in found["recipients"]:
        used = " + ".join(f"{part} {us:g}" for part, us in each["cost_us"].items())
        yield f"µs of CPU a delivery, {each['users']:,} users", used, ""
    if len(found["recipients"]) > 1:
        growth = _growth(found["recipients"])
        yield "… most users / fewest", f"{growth:.2f}", verdict(f"≤ {_GROWTH}", growth <= _GROWTH)
    yield from _of_giant(found.get("giant"))


def _sizes(found: Figures) -> Iterator[tuple[str, ...]]:
    """Other numbers of workers, other audiences."""
    for name, rate in found.get("workers", {"rates": {}})["rates"].items():
        yield f"deliveries/s by {name}", f"{rate['median']:,.0f}", ""
    for each in found["fan_out_sizes"]:
        ours, most = (each["rates"][name]["median"] for name in (FANOUT, LIMIT))
        yield f"… of {each['mean']} followers on average", f"{ours:,.0f}; limit {most:,.0f}", ""


def _growth(recipients: list[Figures]) -> float:
    """How much more a delivery costs among the most users than among the fewest."""
    few, *_, many = (sum(each["cost_us"].values()) for each in recipients)
    return float(many / few)


def _of_giant(giant: Figures | None) -> Iterator[tuple[str, ...]]:
    if giant is None:
        return
    memory, assignments = giant["worker_memory_mb"], giant["assignments"]
    alone, beside = (giant[name]["fresh_ms"]["p99"] for name in ("others_alone", "others_beside"))
    yield "a million followers: worker's memory", f"{memory} MB", verdict("≤ 600", memory <= 600)
    yield "… assignments of partitions", str(assignments), verdict("1", assignments == 1)
    yield "… p99 freshness of others, without it / beside it", f"{alone:g} / {beside:g} ms", ""


def _plan(found: Figures) -> Iterator[str]:
    first, *rest = plans(found)
    head = ("load", first.pop("load"), *(each.pop("load") for each in rest))
    rows = ((name, value, *(each[name] for each in rest)) for name, value in first.items())
    yield from table(head, rows)
