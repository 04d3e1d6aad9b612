"""What is compared is measured in turn, again and again, in one run: other work on the machine then
meets all of it alike, and a ratio is made of two neighbours in time."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

Figures = dict[str, Any]
"""What one measurement found, by name; `deliveries_per_s` is always there."""
Way = Callable[[], Awaitable[Figures]]
Found = dict[str, list[Figures]]
"""Of each way its measurements, round by round."""


async def interleaved(ways: Mapping[str, Way], rounds: int, done: Callable[[str], None]) -> Found:
    """Measure all ways in turn, `rounds` times. `done` is told after each."""
    found: Found = {name: [] for name in ways}
    for number in range(rounds):
        for name, measure in ways.items():
            figures = await measure()
            found[name].append(figures)
            done(f"round {number + 1}: {name} {figures['deliveries_per_s']:,} deliveries/s")
    return found


def spread(values: Sequence[float]) -> Figures:
    """The median, the smallest and the largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def rates(found: Found) -> dict[str, Figures]:
    """Deliveries a second of each way."""
    return {
        name: spread([each["deliveries_per_s"] for each in measured])
        for name, measured in found.items()
    }


def ratios(found: Found, of: str) -> dict[str, Figures]:
    """How many times as fast `of` was as each other way, pair by pair."""
    mine = [each["deliveries_per_s"] for each in found[of]]
    return {
        f"{of} / {name}": spread(
            [a / b["deliveries_per_s"] for a, b in zip(mine, measured, strict=True)]
        )
        for name, measured in found.items()
        if name != of
    }
