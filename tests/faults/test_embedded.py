"""The embedded profile as a real process that is killed, stopped and started again."""

import asyncio
import itertools
import random
import signal
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from app.graph import read_graph
from foldline.log.sqlite import open_sqlite_log
from foldline.settings import Settings
from tests.faults.crowd import crowd_of, thresholds
from tests.faults.evidence import kinds_in
from tests.faults.processes import FOLDLINE, Dev, dev, environment, run
from tests.flow.client import Client, client_of
from tests.flow.graph import PREFIX, REED98
from tests.flow.looks import profile_faults
from tests.flow.walks import all_faults, home_faults
from tests.oracle.commands import Posted

KILLS = 5
_PAUSE_S = 0.02
READY_S = 5.0
BURST = 40


async def faults_of(client: Client, people: list[int]) -> list[str]:
    """What is served otherwise than by the oracle."""
    await client.folded()
    oracle = client.oracle()
    return await all_faults(
        [home_faults(client, oracle, user, limit=100) for user in people]
        + [profile_faults(client, oracle, user) for user in people]
    )


class Careless:
    """Posts, and never asks again what became of it."""

    def __init__(self, client: Client, author: int) -> None:
        self._client = client
        self.author = author
        self.unknown: list[str] = []

    async def post(self, until: asyncio.Event) -> None:
        for number in itertools.count():
            if until.is_set():
                return
            text = f"careless {number}"
            body = {"text": text, "idempotency_key": text}
            url = f"{self._client.ingest}/api/v1/tweets"
            try:
                reply = await self._client.ask("POST", url, self.author, json=body)
            except (aiohttp.ClientError, OSError):
                self.unknown.append(text)
                await asyncio.sleep(_PAUSE_S)
                continue
            if reply.status == 201:
                tweet = int(reply.body["tweet_id"])
                self._client.acknowledged.append(Posted(self.author, tweet, text))
            else:
                self.unknown.append(text)

    async def find(self) -> None:
        """Acknowledge what of the unknown is there after all: each at most once."""
        await self._client.post(self.author, "the last, behind all of them in the log")
        await self._client.folded()
        path = f"/api/v1/users/{self.author}/tweets"
        found: list[tuple[str, int]] = []
        cursor = None
        while True:
            page = await self._client.get(path, limit=100, cursor=cursor)
            found += [(each["text"], int(each["tweet_id"])) for each in page["tweets"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        landed = [(text, tweet) for text, tweet in found if text in self.unknown]
        assert len({text for text, _ in landed}) == len(landed)
        self._client.acknowledged += [Posted(self.author, t, text) for text, t in landed]


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_killed_at_any_moment_it_loses_nothing_acknowledged(tmp_path: Path) -> None:
    rng = random.Random(5)
    graph = read_graph(REED98)
    await imported_between_kills(tmp_path, rng)
    numbers = thresholds(graph) | {"cap": 20, "trim_samples": 4}
    async with dev(tmp_path, "--no-demo", numbers=numbers) as running:
        await running.start()
        async with client_of(running.url) as client:
            crowd = await crowd_of(client, graph)
            careless = Careless(client, await client.join("careless"))
            await crowd.follow(crowd.people[0], careless.author)
            over = asyncio.Event()
            posting = asyncio.create_task(careless.post(over))
            async with crowd.busy():
                for _ in range(KILLS):
                    await asyncio.gather(
                        crowd.burst(BURST),
                        crowd.fans_come_and_go(),
                        kill(running, after_s=rng.uniform(0.02, 0.6)),
                    )
            over.set()
            await posting
            await careless.find()
            assert client.repeats > 0
            assert await faults_of(client, [*crowd.everybody, careless.author]) == []
        assert await running.end() == 0
    log = await open_sqlite_log(Settings(data_dir=tmp_path))
    kinds = await kinds_in(log)
    await log.close()
    assert min(kinds["AuthorPromoted"], kinds["AuthorDemoted"]) > 0, kinds


async def imported_between_kills(data_dir: Path, rng: random.Random) -> None:
    """The graph by `foldline import-graph`, which is killed -9 and started again."""
    graph = (str(REED98), "--prefix", PREFIX)
    command = (*FOLDLINE, "import-graph", *graph, "--data-dir", str(data_dir))
    for _ in range(KILLS):
        importing = await asyncio.create_subprocess_exec(
            *command, env=environment({}), stderr=asyncio.subprocess.DEVNULL
        )
        with suppress(TimeoutError):  # it is in the midst of it
            await asyncio.wait_for(importing.wait(), rng.uniform(1.5, 4.0))
        with suppress(ProcessLookupError):  # it is over already
            importing.kill()
        await importing.wait()
    code, _, err = await run(*command[len(FOLDLINE) :], numbers={})
    assert code == 0, err


async def kill(running: Dev, after_s: float) -> None:
    """Kill -9 at a moment, and start again."""
    await asyncio.sleep(after_s)
    assert await running.end(signal.SIGKILL) == -signal.SIGKILL
    await running.start()


async def test_ctrl_c_stops_cleanly_and_a_second_start_finds_the_data(tmp_path: Path) -> None:
    async with dev(tmp_path, "--no-demo") as running:
        assert await running.start() < READY_S
        async with client_of(running.url) as client:
            ada, bob = await client.join("ada"), await client.join("bob")
            await client.follow(bob, ada)
            await client.post(ada, "before the stop")
            assert await running.end(signal.SIGINT) == 0
            assert running.said[-1] == "stopped; the data are kept, start again to go on\n"
            await running.start()
            await client.post(ada, "after it")
            assert await faults_of(client, [ada, bob]) == []
            assert await running.end(signal.SIGTERM) == 0


@pytest.mark.full
async def test_second_process_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with dev(tmp_path, "--no-demo") as running:
        await running.start()
        for command in (("dev", "--no-demo", "--port", "0"), ("import-graph", str(REED98))):
            code, out, err = await run(*command, "--data-dir", str(tmp_path), numbers={})
            said = " ".join(err.split())
            assert (code, out) == (1, "")
            assert f"is in use by process {running.process.pid}: stop it, or choose another" in said
        async with client_of(running.url) as client:
            assert (await client.get("/api/v1/users"))["users"] == []


async def test_the_demo_graph_loads_while_it_answers(tmp_path: Path) -> None:
    async with dev(tmp_path) as running:
        assert await running.start() < READY_S
        async with client_of(running.url) as client:
            ada = await client.join("ada")
            await client.post(ada, "in between")
            assert await faults_of(client, [ada]) == []
            assert await running.end() == 0
