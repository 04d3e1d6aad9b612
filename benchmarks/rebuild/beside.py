"""What live reads and writes have of a rebuild beside them: none, one at half its pace, and one as
fast as it can.

Newest pages are asked for at a fixed rate, and posts made; of some posts it is asked again and
again whether a follower's page shows them yet. A rebuild goes on as long as a round, or is
cancelled then.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from typing import Any, Final

import orjson

from app.generations import removing
from benchmarks.installation import TEXT, process_of
from benchmarks.reads.client import Connection, Heards, Pace, connections, percentiles
from benchmarks.rebuild.history import History, folded, lived
from benchmarks.rounds import Figures, Way, interleaved, ratios
from benchmarks.services import Service, service
from foldline.clock import SystemClock
from foldline.generation import Stage
from foldline.profiles import Profile
from foldline.settings import Settings
from infra.engine import Endpoints
from streams.rebuild.builds import Shape, begin, build_of, changed
from streams.rebuild.switching import cancel, drop

ALONE: Final = "no rebuild"
HALF: Final = "a rebuild at half its pace"
FULL: Final = "a rebuild"
P99: Final = "read_p99_ms"
_PACES: Final = {ALONE: None, HALF: 0.5, FULL: 1.0}
_QUERY, _INGEST = 8, 9  # their nodes
_CONNECTIONS: Final = 64
_LOOK_S: Final = 0.05
_LOOKS_MAX: Final = 400
_STARTED_S: Final = 3.0  # until the processes of a rebuild work


@dataclass(frozen=True, slots=True)
class Load:
    """So many reads and posts a second, for a while."""

    reads_per_s: float
    posts_per_s: float
    seconds: float


@dataclass(slots=True)
class Beside:
    """Services that stand by, and the installation below them."""

    settings: Settings
    profile: Profile
    history: History
    query: Service
    ingest: Service
    load: Load
    _shown_ms: list[float] = field(default_factory=list)

    async def run(self, pace: float | None) -> Figures:
        """One round, with a rebuild of this pace beside it."""
        if pace is None:
            return await self._loaded()
        build = await begin(self.profile, Shape(), SystemClock().now_ms())
        await changed(self.profile.control, build.number, pace=pace)
        said = self.settings.data_dir / "rebuild.log"
        with process_of(self.settings, said, "rebuild", "start"):
            await asyncio.sleep(_STARTED_S)
            found = await self._loaded()
            stage = (await build_of(self.profile.control, build.number)).stage
        settings, profile = self.settings, self.profile
        if stage is Stage.FOLLOWING:
            await drop(profile, settings, build.number, removing(settings))
        else:
            await cancel(profile, settings, removing(settings))
        return found | {"stage_at_the_end": stage}

    async def _loaded(self) -> Figures:
        reads, posts = Heards(), Heards()
        self._shown_ms = []
        query = Pace(await connections(self.query.port, _CONNECTIONS))
        ingest = Pace(await connections(self.ingest.port, _CONNECTIONS))
        [looker] = await connections(self.query.port, 1)
        looks: list[asyncio.Task[None]] = []

        def look(_: bytes, body: bytes) -> None:
            if not looks or looks[-1].done():
                looks.append(asyncio.create_task(self._look(looker, orjson.loads(body))))

        load = self.load
        await asyncio.gather(
            query.keep(self._pages(), load.reads_per_s, load.seconds, reads),
            ingest.keep(self._posts(), load.posts_per_s, load.seconds, posts, look),
        )
        await asyncio.gather(*looks)
        for each in (looker, query, ingest):
            each.close()
        return {
            P99: reads.figures()["ms"]["p99"],
            "reads": reads.figures(),
            "posts": posts.figures(),
            "shown": {"posts": len(self._shown_ms), "ms": percentiles(self._shown_ms)},
        }

    def _pages(self) -> Iterator[bytes]:
        return cycle([_page(user) for user in range(1, self.history.users + 1)])

    def _posts(self) -> Iterator[bytes]:
        body = orjson.dumps({"text": TEXT})
        return cycle(
            [_request(user, "/api/v1/tweets", body) for user in range(1, self.history.users, 7)]
        )

    async def _look(self, looker: Connection, posted: dict[str, Any]) -> None:
        """Ask until the tweet is on its author's follower's newest page."""
        author = int(posted["user_id"])
        [follower] = await self.profile.views.followers(author, 0, 1)
        wanted = _page(int(follower))
        began = time.perf_counter()
        for _ in range(_LOOKS_MAX):
            if posted["tweet_id"].encode() in await looker.body(wanted):
                self._shown_ms.append((time.perf_counter() - began) * 1e3)
                return
            await asyncio.sleep(_LOOK_S)
        raise TimeoutError(f"tweet {posted['tweet_id']} is not shown")


def _page(user: int) -> bytes:
    return _request(user, "/api/v1/timeline?limit=20")


def _request(user: int, path: str, body: bytes = b"") -> bytes:
    """As it goes over the wire, in a user's name."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines.append(f"X-User-ID: {user}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def beside(ends: Endpoints, history: History, load: Load, rounds: int, say: Any) -> Figures:
    """All paces in turn, `rounds` times."""
    numbers = {"auth": "trusted-header", "limits": "off"}
    async with AsyncExitStack() as running:
        settings, profile = await running.enter_async_context(lived(ends, history, **numbers))
        said = settings.data_dir / "worker.log"
        running.enter_context(process_of(settings, said, "worker", "--lone"))
        await folded(profile)
        query = await running.enter_async_context(service(settings, "query", _QUERY))
        ingest = await running.enter_async_context(service(settings, "ingest", _INGEST))
        made = Beside(settings, profile, history, query, ingest, load)
        say("warming up")
        await made.run(None)
        ways: dict[str, Way] = {name: partial(made.run, pace) for name, pace in _PACES.items()}
        found = await interleaved(ways, rounds, say, P99)
    return {
        "load": asdict(load),
        "rounds": found,
        "ratios": ratios(found, HALF, P99) | ratios(found, FULL, P99),
    }
