"""A plan on paper: how many workers, partitions and nodes a load needs, and what it costs.

Calibrated by a whole run of the fan-out benchmark: processor time of a tweet and of a
delivery, by a straight line through the measured audience sizes. What it can't know, prices and the
cost of a read, stands in `Assumed`. The waits come from a simulation: tweets arrive at random, with
audiences of a power law, in partitions that workers share; each worker does its work in turn.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np

from benchmarks.suite import FANOUT
from foldline.sizing import buckets_of_users, partitions_of_workers

_SECONDS: Final = 600
_SKEW: Final = 1.6  # of the power law of audiences
_CELEBRITY: Final = 2_000.0  # times the smallest audience: larger ones are merged at read


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of an installation."""

    name: str
    tweets_per_s: float
    followers: float
    reads_per_s: float
    users: int
    replicas: int = 3


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the benchmark does not measure. `read_us`: of Cassandra for a page of 20, on each of the
    replicas that a quorum asks; `row_bytes`: on disk; `entries`: of a timeline that is full."""

    busy: float = 0.6
    node_cores: int = 16
    core_month: float = 25.0
    gigabyte_month: float = 0.1
    read_us: float = 1_500.0
    row_bytes: int = 40
    entries: int = 1_200


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time in µs, of a tweet and of each of its deliveries."""

    tweet_us: float
    delivery_us: float

    def cores(self, load: Load) -> float:
        """Cores that are busy with it all the time."""
        return load.tweets_per_s * (self.tweet_us + self.delivery_us * load.followers) / 1e6


LOADS: Final = (
    Load("a large network", 12_000, 200, 70_000, 200_000_000),
    Load("Rama's Mastodon", 3_500, 403, 0, 100_000_000),
)


def plans(found: dict[str, Any]) -> list[dict[str, str]]:
    """Of each load what it needs, from the figures of a whole run."""
    costs = calibrated(found)
    return [plan(load, costs, Assumed()) for load in LOADS]


def calibrated(found: dict[str, Any]) -> dict[str, Cost]:
    """The costs of worker, Cassandra and Kafka, by what was measured at several audience sizes."""
    means = np.array([each["mean"] for each in found["fan_out_sizes"]], dtype=np.float64)
    costs = {}
    for part in ("worker 1", "cassandra", "kafka"):
        each = [
            np.median([r["cpu_us_per_delivery"][part] for r in of["rounds"][FANOUT]])
            for of in found["fan_out_sizes"]
        ]
        delivery, tweet = np.polyfit(means, np.array(each) * means, 1)
        costs[part.partition(" ")[0]] = Cost(max(float(tweet), 0.0), max(float(delivery), 0.0))
    return costs


def plan(load: Load, costs: dict[str, Cost], assumed: Assumed) -> dict[str, str]:
    """The machines for one load."""
    workers = ceil(costs["worker"].cores(load) / assumed.busy)
    partitions = partitions_of_workers(workers)
    reading = load.reads_per_s * assumed.read_us * (load.replicas // 2 + 1) / 1e6
    cores = costs["cassandra"].cores(load) * load.replicas + reading
    gigabytes = load.users * assumed.entries * assumed.row_bytes * load.replicas / 1e9
    nodes = max(load.replicas, ceil(cores / assumed.busy / assumed.node_cores))
    brokers = max(
        load.replicas, ceil(costs["kafka"].cores(load) * load.replicas / assumed.busy / 4)
    )
    month = (
        workers + nodes * assumed.node_cores + brokers * 4
    ) * assumed.core_month + gigabytes * assumed.gigabyte_month
    p50, p99 = waits_ms(load, costs["worker"], workers, partitions)
    return {
        "load": load.name,
        "deliveries/s": f"{load.tweets_per_s * load.followers:,.0f}",
        "workers": str(workers),
        "partitions": f"{partitions:,}",
        "buckets": f"{buckets_of_users(load.users):,}",
        "Cassandra nodes": f"{nodes} of {assumed.node_cores} cores",
        "disk": f"{gigabytes / 1_000:,.1f} TB",
        "Kafka brokers": f"{brokers} of 4 cores",
        "a month": f"{month:,.0f}",
        "wait for a worker, p50 / p99": f"{p50:,.0f} / {p99:,.0f} ms",
    }


def waits_ms(load: Load, cost: Cost, workers: int, partitions: int) -> tuple[float, float]:
    """How long tweets wait until a worker is done with them: simulated tweet by tweet."""
    rng = np.random.default_rng(98)
    count = int(min(load.tweets_per_s * _SECONDS, 2_000_000))
    sizes = np.minimum(rng.pareto(_SKEW, count) + 1, _CELEBRITY)
    sizes *= load.followers / sizes.mean()
    arrives = np.sort(rng.uniform(0, count / load.tweets_per_s, count))
    worker = rng.integers(0, partitions, count) % workers
    takes = (cost.tweet_us + cost.delivery_us * sizes) / 1e6
    waits = np.concatenate(
        [_one_by_one(arrives[worker == each], takes[worker == each]) for each in range(workers)]
    )
    p50, p99 = np.percentile(waits, (50, 99)) * 1000
    return float(p50), float(p99)


def _one_by_one(arrives: np.ndarray, takes: np.ndarray) -> np.ndarray:
    """From arrival to end, where each begins when it is there and the one before is done."""
    done = np.cumsum(takes)
    begins = np.maximum.accumulate(arrives - (done - takes))
    waits: np.ndarray = begins + done - arrives
    return waits
