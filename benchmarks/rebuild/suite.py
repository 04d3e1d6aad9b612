"""All that is measured of rebuilds, in the order of the report."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from app.generations import removing
from benchmarks.installation import installation
from benchmarks.limit import limit
from benchmarks.rebuild.beside import Load, beside
from benchmarks.rebuild.filling import filling
from benchmarks.rebuild.history import History, live, lived, rebuilt, verified
from benchmarks.rounds import Figures, Way, interleaved, rates, ratios
from benchmarks.workload import workload
from foldline.profiles import Profile
from foldline.settings import Settings
from infra.engines import EngineStack
from streams.rebuild.switching import drop

LIMIT: Final = "limit"
FILLING: Final = "rebuild, write phase"
_BUCKETS: Final = 32


@dataclass(frozen=True, slots=True)
class Scale:
    """How much: `deliveries` written in each of the `rounds`; `histories` with one surviving view,
    `growing` with one length and ever more rows, once each; `against`: the one that live projectors
    get too; `beside`: of an installation that is read while it is rebuilt, under a `load`."""

    rounds: int
    users: int
    mean: int
    deliveries: int
    histories: tuple[History, ...]
    growing: tuple[History, ...]
    against: History
    beside: History
    load: Load


_SAME: Final = {"users": 2_000, "follows": 20, "posts": 20_000, "cap": 150}
_LONG: Final = {"users": 1_000, "follows": 50, "posts": 50_000, "events": 101_000}
WHOLE: Final = Scale(
    rounds=5,
    users=100_000,
    mean=403,
    deliveries=4_000_000,
    histories=tuple(History(**_SAME, events=n) for n in (10**5, 10**6, 10**7)),
    growing=tuple(History(**_LONG, cap=cap) for cap in (25, 250, 2_500)),
    against=History(users=1_000, follows=50, posts=200_000, events=1_000_000, cap=1_000, kept=10),
    beside=History(users=1_000, follows=50, posts=60_000, events=111_000, cap=800),
    load=Load(reads_per_s=100, posts_per_s=1, seconds=20),
)
QUICK: Final = Scale(
    rounds=1,
    users=10_000,
    mean=50,
    deliveries=200_000,
    histories=tuple(History(500, 4, 2_000, n, 100) for n in (5_000, 20_000, 40_000)),
    growing=tuple(History(200, 20, 4_000, 8_000, cap) for cap in (10, 100)),
    against=History(users=200, follows=20, posts=4_000, events=8_000, cap=40),
    beside=History(users=200, follows=20, posts=4_000, events=8_000, cap=40),
    load=Load(reads_per_s=50, posts_per_s=1, seconds=5),
)


@dataclass(slots=True)
class Suite:
    """A run over one stack of engines. `say` is told what was just found."""

    stack: EngineStack
    scale: Scale
    say: Callable[[str], None]

    async def run(self, part: str = "") -> Figures:
        """Everything, or one part: write, histories, growing, against or beside."""
        parts: dict[str, Callable[[], Awaitable[Any]]] = {
            "write": self._write,
            "histories": partial(self._histories, self.scale.histories, self.scale.rounds),
            "growing": partial(self._histories, self.scale.growing, 1),
            "against": self._against,
            "beside": self._beside,
        }
        wanted = {part: parts[part]} if part else parts
        return {name: await measure() for name, measure in wanted.items()}

    async def _beside(self) -> Figures:
        scale = self.scale
        ends = self.stack.endpoints()
        return await beside(ends, scale.beside, scale.load, scale.rounds, self.say)

    async def _write(self) -> Figures:
        scale = self.scale
        work = workload(scale.users, scale.mean, scale.deliveries)
        posts = work.posts_of(scale.deliveries)
        async with installation(self.stack.endpoints(), work, buckets=_BUCKETS) as made_of:

            async def ceiling() -> Figures:
                async with made_of.measured() as made:
                    return await limit(made, posts, self.stack)

            async def fill() -> Figures:
                async with made_of.measured() as made:
                    return await filling(made, posts)

            self.say("warming up")
            await ceiling()
            ways: dict[str, Way] = {LIMIT: ceiling, FILLING: fill}
            found = await interleaved(ways, scale.rounds, self.say)
        return {"rates": rates(found), "ratios": ratios(found, FILLING), "rounds": found}

    async def _histories(self, histories: tuple[History, ...], rounds: int) -> list[Figures]:
        """Each of them rebuilt in turn, again and again, and verified the first time; all but the
        last once before, to warm up."""
        ends = self.stack.endpoints()
        found: list[Figures] = [{"rounds": []} for _ in histories]
        async with AsyncExitStack() as running:
            made = [await running.enter_async_context(lived(ends, each)) for each in histories]
            self.say("warming up")
            for one in made[:-1]:
                await self._again(*one)
            for number in range(rounds):
                for figures, one in zip(found, made, strict=True):
                    figures["rounds"].append(await self._again(*one, None if number else figures))
        return found

    async def _against(self) -> Figures:
        async with lived(self.stack.endpoints(), self.scale.against) as (settings, profile):
            self.say("warming up")
            await self._again(settings, profile)
            before = await self._again(settings, profile)
            fed = await live(settings, profile)
            self.say(f"fed to a live projector in {fed['seconds']} s")
            rebuilds = [before, await self._again(settings, profile)]
            each = [round(fed["seconds"] / rebuild["seconds"], 2) for rebuild in rebuilds]
            return {"rebuilds": rebuilds, "live": fed, "ratios": each}

    async def _again(
        self, settings: Settings, profile: Profile, verify: Figures | None = None
    ) -> Figures:
        """A rebuild whose generation is dropped; verified before, if there is where to note it."""
        found = await rebuilt(settings, profile)
        self.say(f"{found['events']:,} events, {found['rows']:,} rows: {found['stages_s']}")
        number = (await profile.control.generations())[-1].number
        if verify is not None:
            verify |= await verified(settings, profile, number)
        await drop(profile, settings, number, removing(settings))
        return found
