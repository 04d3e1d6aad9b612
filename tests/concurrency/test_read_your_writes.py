"""Who posts and then reads, naming the position that was answered, finds the tweet: whatever runs
beside it, and while a worker is killed and started again. Only a read that says it is stale may
miss it."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.conftest import WorldSettings
from tests.faults.town import pid_of, restarted
from tests.flow.client import Client
from tests.flow.worlds import Worker, World, shared, world

AUTHORS: Final = 16
TIMELINE: Final = "/api/v1/timeline"


@dataclass
class Tally:
    """Pairs of a post and a read: those that found the tweet, those that said they may not, and
    what is worse: those that missed it without a word."""

    found: int = 0
    stale: int = 0
    missed: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    @property
    def pairs(self) -> int:
        return self.found + self.stale + len(self.missed)


async def post_and_read(client: Client, author: int, number: int, tally: Tally) -> None:
    """By turns in the home timeline, on the own page, and by the id."""
    body = {"text": f"number {number} of {author}"}
    posted = await client.ask("POST", f"{client.ingest}/api/v1/tweets", author, json=body)
    assert posted.status == 201, posted.body
    tweet = posted.body["tweet_id"]
    path = (TIMELINE, f"/api/v1/users/{author}/tweets", f"/api/v1/tweets/{tweet}")[number % 3]
    headers = {"Foldline-After": posted.headers["Foldline-Position"]}
    begun = time.monotonic()
    reply = await client.ask("GET", client.query + path, author, headers=headers)
    tally.longest_s = max(tally.longest_s, time.monotonic() - begun)
    # A tweet that is not there yet can't be shown as stale: its own path says 503.
    if "Foldline-Stale" in reply.headers or reply.status == 503:
        tally.stale += 1
        return
    assert reply.status == 200, reply.body
    shown = reply.body["tweets"][0] if "tweets" in reply.body else reply.body
    if shown["tweet_id"] == tweet:
        tally.found += 1
    else:
        tally.missed.append(f"{tweet} on {path}, first is {shown['tweet_id']}")


async def pairs(client: Client, count: int, tally: Tally) -> None:
    """So many pairs, by several authors at once. Nobody follows another, so one's own newest tweet
    is the first of every list."""
    authors = [await client.join(f"author_{number}") for number in range(AUTHORS)]
    await client.folded()

    async def author_s(author: int) -> None:
        for number in range(count // AUTHORS):
            await post_and_read(client, author, number, tally)

    await asyncio.gather(*(author_s(author) for author in authors))


async def killed_in_between(worker: Worker, others: World, count: int, tally: Tally) -> None:
    """Kill the process that folds once a third of the pairs is done; see its next life begin before
    the last third."""
    while tally.pairs < count // 3:
        await asyncio.sleep(0.01)
    pid = pid_of(worker)
    os.kill(pid, signal.SIGKILL)
    await restarted(worker, pid)
    await shared(others.workers, others.profile.log.partitions)
    assert tally.pairs < count, "there was nothing to read any more when it was back"


def told(profile: str, tally: Tally) -> str:
    return (
        f"\n{profile}: {tally.pairs} pairs, {tally.stale} of them stale, "
        f"the longest read {tally.longest_s * 1000:.0f} ms"
    )


async def test_own_tweets_are_read(world_settings: WorldSettings) -> None:
    tally, count = Tally(), 500
    async with world(world_settings("embedded", buckets=4)) as running:
        await pairs(running.client, count, tally)
    print(told("embedded", tally))
    assert (tally.missed, tally.pairs) == ([], count // AUTHORS * AUTHORS)
    assert tally.stale <= count // 10


@pytest.mark.full
@pytest.mark.engines
@pytest.mark.timeout(900)
async def test_own_tweets_are_read_while_a_worker_is_killed(
    world_settings: WorldSettings,
) -> None:
    tally, count = Tally(), 10_000
    settings = world_settings("distributed", partitions=4, session_timeout_s=6.0)
    async with world(settings) as running:
        await asyncio.gather(
            pairs(running.client, count, tally),
            killed_in_between(running.workers[0], running, count, tally),
        )
    print(told("distributed", tally))
    assert (tally.missed, tally.pairs) == ([], count)
    assert tally.stale <= count // 10
