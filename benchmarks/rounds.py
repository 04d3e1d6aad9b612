"""What is compared is measured in turn, again and again, in one run: other work on the machine then
meets all of it alike, and a ratio is made of two neighbours in time."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

Figures = dict[str, Any]
"""What one measurement found, by name; what is compared is always there."""
Way = Callable[[], Awaitable[Figures]]
DELIVERIES: Final = "deliveries_per_s"
Found = dict[str, list[Figures]]
"""Of each way its measurements, round by round."""


async def interleaved(
    ways: Mapping[str, Way], rounds: int, done: Callable[[str], None], what: str = DELIVERIES
) -> Found:
    """Measure all ways in turn, `rounds` times. `done` is told after each. `what`: the name of the
    figure that is compared."""
    found: Found = {name: [] for name in ways}
    for number in range(rounds):
        for name, measure in ways.items():
            figures = await measure()
            found[name].append(figures)
            done(f"round {number + 1}: {name}: {what} {figures[what]:,}")
    return found


def spread(values: Sequence[float]) -> Figures:
    """The median, the smallest and the largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def rates(found: Found, what: str = DELIVERIES) -> dict[str, Figures]:
    """The figure of each way."""
    return {name: spread([each[what] for each in measured]) for name, measured in found.items()}


def ratios(found: Found, of: str, what: str = DELIVERIES) -> dict[str, Figures]:
    """How many times the figure of each other way `of` had, pair by pair."""
    mine = [each[what] for each in found[of]]
    return {
        f"{of} / {name}": spread([a / b[what] for a, b in zip(mine, measured, strict=True)])
        for name, measured in found.items()
        if name != of
    }
