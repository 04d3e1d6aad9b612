"""What several processes count together, in Redis; and what each does without it."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from foldline.clock import SystemClock
from foldline.settings import ProfileName
from foldline.web.limiting import Limiter
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.services.test_limits import LIMITS


@pytest.mark.parametrize("profile", PROFILE_PARAMS)
async def test_processes_share_what_is_counted(
    profile: ProfileName, world_settings: WorldSettings
) -> None:
    settings = world_settings(profile, **LIMITS)
    one, other = Limiter(settings, SystemClock()), Limiter(settings, SystemClock())
    for _ in range(3):
        assert (await one.take("tweets", 7, ""))[0].allowed
    (left,) = await other.take("tweets", 7, "")
    assert left.allowed == (profile == "embedded")  # where there is one process only
    for limiter in (one, other):
        await limiter.close()
        await limiter.close()


@asynccontextmanager
async def redis_of_its_own() -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        async with asyncio.timeout(20), Redis.from_url(url) as redis:
            while True:
                with suppress(RedisError):
                    await redis.ping()
                    break
                await asyncio.sleep(0.05)
        yield url, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.engines
async def test_reads_are_summed_up_over_processes_without_a_question_each(
    world_settings: WorldSettings,
) -> None:
    async with redis_of_its_own() as (url, _), Redis.from_url(url) as redis:
        settings = world_settings("distributed", **LIMITS).model_copy(update={"redis_url": url})
        one, other = Limiter(settings, SystemClock()), Limiter(settings, SystemClock())
        for limiter in (one, other):
            taken = [(await limiter.take("reads", 1, ""))[0] for _ in range(3)]
            assert [left.remaining for left in taken] == [5, 4, 3]
        await until_gathered(redis, 2)
        for limiter in (one, other):
            await limiter.take("reads", 1, "")  # whereby it learns of the other's
        await until_gathered(redis, 4, at_least=8)
        for limiter in (one, other):
            assert not (await limiter.take("reads", 1, ""))[0].allowed
        asked = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
        assert asked <= 6  # not one for each of the ten, for its user and its address
        for limiter in (one, other):
            await limiter.close()


@pytest.mark.engines
async def test_what_redis_did_not_hear_is_told_later(world_settings: WorldSettings) -> None:
    async with redis_of_its_own() as (url, process), Redis.from_url(url) as redis:
        settings = world_settings("distributed", **LIMITS).model_copy(update={"redis_url": url})
        limiter = Limiter(settings, SystemClock())
        process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            await limiter.take("reads", 1, "")
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        assert (await limiter.take("reads", 1, ""))[0].remaining == 2
        await until_gathered(redis, 1, at_least=4)
        await limiter.close()


async def until_gathered(redis: Redis, calls: int, at_least: int = 6) -> None:
    """The sum of a user's reads is known, and so many exchanges were made."""
    async with asyncio.timeout(10):
        while True:
            stats = (await redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})
            sums = [int(await redis.get(key) or 0) for key in await redis.keys("*reads/1/*")]
            if stats["calls"] >= calls and max(sums, default=0) >= at_least:
                return await asyncio.sleep(0.2)
            await asyncio.sleep(0.05)


@pytest.mark.engines
async def test_without_redis_each_process_counts_for_itself(
    world_settings: WorldSettings,
) -> None:
    async with redis_of_its_own() as (url, process):
        settings = world_settings("distributed", **LIMITS).model_copy(update={"redis_url": url})
        limiter = Limiter(settings, SystemClock())
        assert (await limiter.take("tweets", 7, ""))[0].remaining == 2
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        taken = [(await limiter.take("tweets", 7, ""))[0] for _ in range(4)]
        assert [left.allowed for left in taken] == [True, True, True, False]
        await limiter.close()
