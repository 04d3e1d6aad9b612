"""All that is measured of fan-out, in the order of the report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks.embedded import embedded
from benchmarks.freshness import freshness
from benchmarks.giant import giant
from benchmarks.installation import Installation, Measured, installation
from benchmarks.limit import limit
from benchmarks.naive import naive
from benchmarks.pipeline import pipeline
from benchmarks.rounds import Figures, Found, Way, interleaved, rates, ratios, spread
from benchmarks.stream_framework import stream_framework
from benchmarks.workload import workload
from foldline.core.ids import IntArray
from infra.engines import EngineStack

FANOUT: Final = "foldline"
LIMIT: Final = "limit"
EMBEDDED: Final = "foldline embedded"
NAIVE: Final = "naive"
REDIS: Final = "Stream-Framework, Redis"
BATCHED: Final = "Stream-Framework, Redis, batched"
CASSANDRA: Final = "Stream-Framework, Cassandra"

_BUCKETS: Final = 32
_POSTS_MAX: Final = 20_000  # where audiences are small: time goes by tweets then
_WARM_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. `deliveries` for each way but the slow ones, which get `few`. Freshness
    for `fresh_s` at each of these `shares` of the maximum. `means` and `recipients`: other
    audiences and other crowds than `mean` and `users`."""

    rounds: int
    users: int
    mean: int
    deliveries: int
    few: int
    fresh_s: int
    shares: tuple[float, ...]
    means: tuple[int, ...] = ()
    recipients: tuple[int, ...] = ()
    workers_and_giant: bool = False


WHOLE: Final = Scale(
    rounds=5,
    users=100_000,
    mean=403,
    deliveries=2_000_000,
    few=20_000,
    fresh_s=20,
    shares=(0.1, 0.25, 0.5, 0.8),
    means=(10, 100),
    recipients=(10_000, 1_000_000),
    workers_and_giant=True,
)
QUICK: Final = Scale(
    rounds=1, users=10_000, mean=50, deliveries=100_000, few=2_000, fresh_s=1, shares=(0.5,)
)


@dataclass(slots=True)
class Suite:
    """A run over one stack of engines. `say` is told what was just found."""

    stack: EngineStack
    scale: Scale
    say: Callable[[str], None]

    async def run(self) -> Figures:
        """Everything, as what goes into the file of results."""
        found: Figures = {}
        scale = self.scale
        async with self._installed(scale.users, scale.mean) as made_of:
            await self._warm_up(made_of)
            found["ways"] = await self._ways(made_of)
            most = found["ways"]["rates"][FANOUT]["median"]
            if scale.workers_and_giant:
                found["workers"] = await self._workers(made_of)
                await self._fresh(made_of, scale.shares[-1], most)  # to warm up
            found["freshness"] = [await self._fresh(made_of, share, most) for share in scale.shares]
        known = found["ways"]["rounds"]
        found["fan_out_sizes"] = [
            {"mean": mean} | await self._measured(scale.users, mean, known)
            for mean in sorted((*scale.means, scale.mean))
        ]
        found["recipients"] = [
            _with_cost({"users": users} | await self._measured(users, scale.mean, known))
            for users in sorted((*scale.recipients, scale.users))
        ]
        if scale.workers_and_giant:
            self.say("one tweet to a million followers")
            found["giant"] = await giant(self.stack)
        return found

    def _installed(self, users: int, mean: int) -> Any:
        work = workload(users, mean, self.scale.deliveries)
        return installation(self.stack.endpoints(), work, buckets=_BUCKETS)

    async def _warm_up(self, made_of: Installation) -> None:
        """The server's compiler needs some million rows."""
        self.say("warming up")
        posts = made_of.work.posts_of(self.scale.deliveries)
        for _ in range(min(_WARM_ROUNDS, self.scale.rounds)):
            await _on(made_of, pipeline, posts, self.stack)()

    async def _ways(self, made_of: Installation) -> Figures:
        work = made_of.work
        posts, few = work.posts_of(self.scale.deliveries), work.posts_of(self.scale.few)
        some = work.posts_of(self.scale.deliveries // 4)
        ways: dict[str, Way] = {
            LIMIT: _on(made_of, limit, posts, self.stack),
            FANOUT: _on(made_of, pipeline, posts, self.stack),
            EMBEDDED: partial(embedded, work, some),
            NAIVE: _on(made_of, naive, few, self.stack),
            REDIS: _on(made_of, partial(stream_framework, "redis"), few, self.stack),
            BATCHED: _on(made_of, partial(stream_framework, "redis-batched"), few, self.stack),
            CASSANDRA: _on(made_of, partial(stream_framework, "cassandra"), few, self.stack),
        }
        return _summed(await interleaved(ways, self.scale.rounds, self.say))

    async def _workers(self, made_of: Installation) -> Figures:
        posts = made_of.work.posts_of(self.scale.deliveries)
        ways: dict[str, Way] = {
            "1 worker": _on(made_of, pipeline, posts, self.stack),
            "2 workers": _on(made_of, partial(pipeline, workers=2), posts, self.stack),
        }
        return _summed(await interleaved(ways, self.scale.rounds, self.say), of="2 workers")

    async def _fresh(self, made_of: Installation, share: float, most: float) -> Figures:
        work = made_of.work
        rate = share * most / float(work.sizes[work.posts].mean())
        posts = work.posts[: round(rate * self.scale.fresh_s)]
        async with made_of.measured() as made:
            found = await freshness(made, posts, rate)
        self.say(f"at {share:.0%} load fresh after {found['fresh_ms']} ms")
        return {"share": share} | found

    async def _measured(self, users: int, mean: int, known: Found) -> Figures:
        """At equal rows per mutation: the same buckets, and the same tweets in a batch. `known`:
        what was found for the scale's own users and mean."""
        if (users, mean) == (self.scale.users, self.scale.mean):
            return _summed({name: known[name] for name in (LIMIT, FANOUT)})
        self.say(f"{users:,} users, {mean} followers on average")
        async with self._installed(users, mean) as made_of:
            return await self._against_the_limit(made_of)

    async def _against_the_limit(self, made_of: Installation) -> Figures:
        posts = made_of.work.posts_of(self.scale.deliveries // 2)[:_POSTS_MAX]
        ways: dict[str, Way] = {
            LIMIT: _on(made_of, limit, posts, self.stack),
            FANOUT: _on(made_of, pipeline, posts, self.stack),
        }
        return _summed(await interleaved(ways, self.scale.rounds, self.say))


def _summed(found: Found, of: str = FANOUT) -> Figures:
    return {"rates": rates(found), "ratios": ratios(found, of), "rounds": found}


def _with_cost(found: Figures) -> Figures:
    cost = {
        part: spread([each["cpu_us_per_delivery"][part] for each in found["rounds"][FANOUT]])
        for part in ("worker 1", "cassandra", "kafka")
    }
    medians = {part: round(values["median"], 2) for part, values in cost.items()}
    return found | {"cost_us": medians, "cost_us_spread": cost}


def _on(
    made_of: Installation,
    way: Callable[[Measured, IntArray, EngineStack], Awaitable[Figures]],
    posts: IntArray,
    stack: EngineStack,
) -> Way:
    async def measure() -> Figures:
        async with made_of.measured() as made:
            return await way(made, posts, stack)

    return measure
