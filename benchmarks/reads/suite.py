"""All that is measured of reads, in the order of the report."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from benchmarks.reads.cold import P99, cold, driver
from benchmarks.reads.hits import Hits
from benchmarks.reads.mixed import mixed
from benchmarks.reads.paced import deep_pages, paced
from benchmarks.reads.people import crowd
from benchmarks.reads.scene import Scene, scene
from benchmarks.reads.warm import READS, StreamFramework, bare, bodies, most
from benchmarks.rounds import Figures, Way, interleaved, rates, ratios
from benchmarks.services import Service, service
from infra.engines import EngineStack

FOLDLINE: Final = "foldline"
COUNTED: Final = "foldline, budgets counted"
BARE: Final = "bare aiohttp handler"
PEER: Final = "Stream-Framework, Redis"
COLD: Final = "foldline, cold"
DRIVER: Final = "driver, one partition"

_QUERY, _COUNTED = 6, 7  # their nodes
_SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_DEEP: Final = (5, 9)  # pages
_BEYOND_ALL: Final = 1_000_000_000
_BUDGETS: Final = {"limits": "on", "limit_reads": _BEYOND_ALL, "limit_reads_per_ip": _BEYOND_ALL}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. `loads`: reads a second, and deliveries a second beside them."""

    rounds: int
    viewers: int
    authors: int
    mean: int
    deliveries: int
    heavy: int
    seconds: float
    cold_reads: int
    cold_per_s: float
    loads: tuple[tuple[float, float], ...]


WHOLE: Final = Scale(
    rounds=5,
    viewers=10_000,
    authors=2_000,
    mean=403,
    deliveries=2_000_000,
    heavy=100,
    seconds=8,
    cold_reads=1_000,
    cold_per_s=50,
    loads=((100, 5_000), (200, 5_000), (400, 5_000), (400, 20_000), (800, 5_000)),
)
QUICK: Final = Scale(
    rounds=1,
    viewers=1_000,
    authors=400,
    mean=80,
    deliveries=150_000,
    heavy=20,
    seconds=2,
    cold_reads=100,
    cold_per_s=50,
    loads=((80, 1_000),),
)
_CELEBRITIES: Final = 50
_SLOWLY: Final = 10.0  # a second


@dataclass(slots=True)
class Suite:
    """A run over one stack of engines. `say` is told what was just found."""

    stack: EngineStack
    scale: Scale
    say: Callable[[str], None]

    async def run(self, part: str = "") -> Figures:
        """Everything, or one part of it alone, as what goes into the file of results."""
        scale = self.scale
        people = crowd(
            *(scale.viewers, scale.authors, scale.mean, scale.deliveries),
            celebrities=_CELEBRITIES,
            heavy=scale.heavy,
        )
        self.say(f"filling the timelines of {scale.viewers:,} viewers")
        found: Figures = {
            "viewers": scale.viewers,
            "followees": round(sum(each.size for each in people.followers) / scale.viewers),
        }
        async with scene(self.stack, people) as ready:
            if part in ("", "warm"):
                found |= await self._warm(ready)
            if part in ("", "cold"):
                found["cold"] = await self._cold(ready)
            if part in ("", "mixed"):
                found["mixed"] = await self._mixed(ready)
        return found

    async def _warm(self, ready: Scene) -> Figures:
        scale = self.scale
        viewers = np.random.default_rng(2).permutation(scale.viewers - scale.heavy) + 1
        requests = ready.pages((viewers + scale.heavy).tolist())
        peer = StreamFramework(ready, scale.viewers)
        await peer.fill()
        async with AsyncExitStack() as running:
            enter = running.enter_async_context
            query = await enter(service(ready.settings, "query", _QUERY))
            counting = ready.settings.model_copy(update=_BUDGETS)
            counted = await enter(service(counting, "query", _COUNTED))
            self.say("the first page of each viewer")
            pages = await bodies(query, requests)
            await bodies(counted, requests)
            server = await enter(bare(pages))
            hits = await Hits.of(query.port)
            ways: dict[str, Way] = {
                FOLDLINE: partial(most, query, requests, scale.seconds),
                BARE: partial(most, server, requests, scale.seconds),
                PEER: partial(peer.read, scale.seconds),
                COUNTED: partial(most, counted, requests, scale.seconds),
            }
            found = await interleaved(ways, scale.rounds, self.say, READS)
            told = rates(found, READS)
            shown = (await Hits.of(query.port)).since(hits)
            return {
                "warm": {
                    "rates": told,
                    "ratios": ratios(found, FOLDLINE, READS),
                    "rounds": found,
                    "hits": shown,
                },
                "curve": [
                    {"share": share}
                    | await paced(query, requests, share * told[FOLDLINE]["median"], scale.seconds)
                    for share in _SHARES
                ],
                **await self._others(ready, query),
            }

    async def _others(self, ready: Scene, query: Service) -> Figures:
        """Who follows two thousand and all celebrities, at first and again; pages further down."""
        scale = self.scale
        heavy = ready.pages(range(1, scale.heavy + 1))
        self.say("heavy readers, and deep pages")
        first = await paced(query, heavy, _SLOWLY, len(heavy) / _SLOWLY)
        again = await most(query, heavy, scale.seconds)
        viewers = range(scale.heavy + 1, scale.heavy + 1 + scale.heavy)
        deep = await deep_pages(ready, query, viewers, *_DEEP)
        return {
            "heavy": {"first": first, "again": again},
            "deep": await paced(query, deep, scale.cold_per_s, len(deep) / scale.cold_per_s),
        }

    async def _cold(self, ready: Scene) -> Figures:
        """Other viewers in each round, none of them read before in it."""
        scale = self.scale
        order = np.random.default_rng(3).permutation(scale.viewers - scale.heavy)
        parts = (order + scale.heavy + 1)[: scale.cold_reads * 2].reshape(2, -1).tolist()
        ways: dict[str, Way] = {
            DRIVER: partial(driver, ready, parts[0], scale.cold_per_s),
            COLD: partial(cold, ready, parts[1], scale.cold_per_s),
        }
        found = await interleaved(ways, scale.rounds, self.say, P99)
        return {"p99_ms": rates(found, P99), "ratios": ratios(found, COLD, P99), "rounds": found}

    async def _mixed(self, ready: Scene) -> list[Figures]:
        self.say("eighty reads a write, with fan-out")
        return await mixed(ready, list(self.scale.loads), 2.5 * self.scale.seconds)
