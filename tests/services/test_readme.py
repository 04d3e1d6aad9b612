"""The session in the README, line by line, against a real `foldline dev`."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests.conftest import PROFILE_PARAMS
from tests.faults.processes import Dev, dev
from tests.flow.client import client_of

README = Path(__file__).parents[2] / "README.md"
EACH = 'echo "--- $?"'
SESSION_S = 60


def session_lines() -> list[str]:
    """What the README tells to type."""
    (block,) = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


@pytest.fixture(params=PROFILE_PARAMS)
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Dev]:
    async with dev(tmp_path, "--no-demo", "--profile", request.param) as started:
        await started.start()
        yield started


async def typed(lines: list[str], port: int) -> list[str]:
    """What each line prints, when all are typed into one shell; each ends well."""
    script = "\n".join(f"{line}\n{EACH}" for line in lines)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    out, err = await asyncio.wait_for(shell.communicate(script.encode()), SESSION_S)
    assert err == b""
    parts = re.split(r"--- (\d+)\n", out.decode())
    assert set(parts[1::2]) == {"0"}, out
    assert len(parts[1::2]) == len(lines)
    return parts[0:-1:2]


async def test_the_session_and_its_data_outlive_a_restart(running: Dev) -> None:
    said = await typed(session_lines(), running.port)
    follow, tweet, timeline, ada, empty = (orjson.loads(text) for text in said if "{" in text)
    assert follow["following"] is True
    assert (tweet["text"], tweet["user_id"]) == ("Hello, timeline", follow["followee_id"])
    assert [shown["tweet_id"] for shown in timeline["tweets"]] == [tweet["tweet_id"]]
    assert (ada["followers_count"], ada["tweets_count"]) == (1, 1)
    assert ada["relationship"]["following"] is True
    assert empty["tweets"] == []

    assert await running.end(signal.SIGINT) == 0
    await running.start()
    ada_id, bob_id = int(follow["followee_id"]), int(follow["follower_id"])
    async with client_of(running.url) as client:
        again = await client.get("/api/v1/users/by-username/ada")
        assert (again["followers_count"], again["tweets_count"]) == (1, 0)
        new = await client.post(ada_id, "Hello again")
        await client.folded()
        shown = await client.get("/api/v1/timeline", bob_id)
        assert [each["tweet_id"] for each in shown["tweets"]] == [str(new)]
