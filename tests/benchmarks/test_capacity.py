"""The plan on paper."""

import numpy as np
import pytest

from benchmarks.capacity import Cost, Load, _one_by_one, calibrated, waits_ms
from benchmarks.suite import FANOUT


def test_one_by_one_is_what_a_queue_does() -> None:
    rng = np.random.default_rng(1)
    arrives, takes = np.sort(rng.uniform(0, 100, 500)), rng.uniform(0, 0.4, 500)
    free, waited = 0.0, []
    for arrival, took in zip(arrives.tolist(), takes.tolist(), strict=True):
        free = max(free, arrival) + took
        waited.append(free - arrival)
    assert _one_by_one(arrives, takes) == pytest.approx(waited)


def test_the_costs_that_made_the_figures_are_found_again() -> None:
    """A tweet of 900 µs and deliveries of 7 µs."""
    sizes = [
        {
            "mean": mean,
            "rounds": {
                FANOUT: [
                    {"cpu_us_per_delivery": dict.fromkeys(("worker 1", "cassandra", "kafka"), each)}
                ]
            },
        }
        for mean in (10, 100, 403)
        if (each := 900 / mean + 7)
    ]
    found = calibrated({"fan_out_sizes": sizes})
    assert set(found) == {"worker", "cassandra", "kafka"}
    assert found["worker"].tweet_us == pytest.approx(900)
    assert found["worker"].delivery_us == pytest.approx(7)


def test_a_second_worker_shortens_the_wait() -> None:
    load, cost = Load("", 1_000, 100, 0, 1_000_000), Cost(100, 7)
    assert cost.cores(load) == pytest.approx(0.8)
    alone, together = (waits_ms(load, cost, workers, 16) for workers in (1, 2))
    assert together[0] < alone[0]
    assert together[1] < alone[1]
