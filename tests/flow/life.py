"""A while in the life of the people of the graph, and all of it compared with the oracle.

The numbers are small, so that every boundary is crossed: authors become celebrities and cease to be
it, audiences are backfilled beyond the cap, timelines are trimmed and read on below their floors.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from app.graph import read_graph
from tests.flow.deeds import Deeds
from tests.flow.graph import REED98, densest
from tests.flow.lanes import run_lanes
from tests.flow.looks import (
    accounts_listed,
    engagement_faults,
    graph_faults,
    learned,
    profile_faults,
    tweet_faults,
)
from tests.flow.people import People
from tests.flow.walks import (
    all_faults,
    home_faults,
    replies_faults,
    thread_faults,
    tweets_faults,
)
from tests.flow.worlds import World
from tests.oracle.oracle import Oracle

LIMITS: Final = (20, 33, 50, 7, *[100] * 52)  # small pages are many: a few users' only
ROUNDS: Final = 4
NEWCOMERS: Final = 3
WITNESSES: Final = 16  # whose timelines are compared in each round
_MARGIN: Final = 5  # some of an audience are lost to blocks and deletions
_FAVOURITES: Final = 5  # tweets that are looked at by several people

Meanwhile = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Size:
    people: int
    posts: int
    changes: int  # in each round
    border: int  # authors who cross the threshold again and again
    promote_at: int
    demote_below: int
    cap: int
    settle_s: float

    @property
    def settings(self) -> dict[str, Any]:
        """What an installation must be set to."""
        return {
            "promote_at": self.promote_at,
            "demote_below": self.demote_below,
            "cap": self.cap,
            "trim_samples": 8,
            "celebrity_cache_s": 0.05,
            "request_timeout_s": self.settle_s,
            "buckets": 16,
        }


SMALL: Final = Size(80, 240, 20, 2, promote_at=40, demote_below=32, cap=8, settle_s=0.6)
WHOLE: Final = Size(962, 5_000, 100, 6, promote_at=100, demote_below=75, cap=40, settle_s=2.0)


async def nothing(_: int) -> None:
    """Happens meanwhile, by default."""


async def lived(
    running: World, size: Size, checkpoint: Path, meanwhile: Meanwhile = nothing
) -> People:
    """Some rounds of everything, each compared; the people as they then stand. `meanwhile` happens
    in the middle of each round, between its commands and the comparison."""
    people = People(running.client, Random(98))
    deeds = Deeds(people)
    await people.settle_in(running, densest(read_graph(REED98), size.people), checkpoint)
    sizes = people.audience_sizes()
    enough = [author for author in sizes if sizes[author] >= size.promote_at + _MARGIN]
    border = sorted(enough, key=lambda author: sizes[author])[: size.border]
    gone: dict[int, list[int]] = {}
    for turn in range(ROUNDS):
        lanes = people.deletions(size.changes) + people.changes_of_mind(size.changes, border)
        lanes += deeds.new_names(size.changes // 5) + deeds.reconciliations(size.changes // 10)
        for author in border:
            if turn % 2:
                crossing = people.come_back(author, gone[author])
            else:
                crossing, gone[author] = people.leave(author, size.demote_below - 10)
            lanes += crossing
        posts = people.posts(size.posts // ROUNDS)
        await _at_once(people, lanes + posts[::2])
        quarrels = deeds.quarrels(size.changes // 5, border)
        await asyncio.gather(
            _at_once(people, quarrels + deeds.engagements(size.changes)),
            # Until then the worker goes on pushing, and no reader has to merge anything in.
            asyncio.sleep(running.settings.settle_s),
        )
        await _at_once(people, posts[1::2] + deeds.silences(size.changes // 2))
        await run_lanes(deeds.orders(2, border))
        await run_lanes(deeds.farewells(1, border))  # maybe of one who was just reinstated
        await meanwhile(turn)
        await running.client.folded()
        oracle, faults = await learned(running.client)
        some = people.rng.sample(people.everybody, WITNESSES)
        faults += await all_faults(home_faults(running.client, oracle, user, 100) for user in some)
        assert faults == [], f"in round {turn}"
    await _arrive_late(people, size)
    return people


async def _at_once(people: People, lanes: list[Any]) -> None:
    people.rng.shuffle(lanes)
    await run_lanes(lanes)
    await people.client.folded()


async def _arrive_late(people: People, size: Size) -> None:
    """Newcomers follow authors with more tweets than a follow delivers, and get nothing else: only
    that follow can give their timelines a floor."""
    sizes = people.audience_sizes()
    active = [author for author in sizes if people.free(author)]
    authors = sorted(active, key=lambda author: sizes[author])[:NEWCOMERS]
    await run_lanes(lane for author in authors for lane in people.posts(size.cap + 1, author))
    await run_lanes(people.newcomers(authors))
    await people.client.folded()


async def assert_all_is_served(people: People) -> Oracle:
    """Everybody is served what the oracle says, page by page."""
    client, everybody = people.client, people.everybody
    oracle, faults = await learned(client)
    assert faults == []
    walks = [
        home_faults(client, oracle, user, LIMITS[at % len(LIMITS)])
        for at, user in enumerate(everybody)
    ]
    assert await all_faults(walks) == []
    pairs = _onlookers(people, oracle)
    assert await all_faults(profile_faults(client, oracle, user) for user in everybody) == []
    assert await all_faults(profile_faults(client, oracle, *pair) for pair in pairs) == []
    assert await all_faults(tweets_faults(client, oracle, user, 7) for user in everybody[::4]) == []
    assert await all_faults(graph_faults(client, oracle, user, 30, by) for user, by in pairs) == []
    assert await all_faults(graph_faults(client, oracle, u, 30) for u in everybody[::10]) == []
    shown = [pair for pair in pairs if oracle.profile(*pair) is not None]
    assert await all_faults(tweets_faults(client, oracle, a, 50, by) for a, by in shown) == []
    assert await all_faults(_tweets_checks(people, oracle)) == []
    assert sorted(await accounts_listed(client, "/api/v1/users", 50)) == everybody
    return oracle


def _onlookers(people: People, oracle: Oracle) -> list[tuple[int, int]]:
    """Accounts, and who looks at each: where one blocks or mutes the other, and some others."""
    ledger = oracle.ledger
    near = sorted(ledger.blocks)[:6] + sorted(ledger.mutes)[:2] + sorted(people.edges)[:2]
    far = [(user, people.everybody[0]) for user in sorted(people.silent | people.gone)]
    both = {pair for one, other in near for pair in ((one, other), (other, one))}
    return sorted((user, by) for user, by in both | set(far) if by not in people.gone)


def _tweets_checks(people: People, oracle: Oracle) -> list[Awaitable[list[str]]]:
    """Of those with the most likes, retweets and replies, and of some that are hidden."""
    client, ledger = people.client, oracle.ledger

    def favour(tweet: int) -> int:
        engagement = oracle.engagement(tweet)
        return engagement.likes + engagement.retweets + 3 * engagement.replies

    visible = sorted(filter(oracle.visible, ledger.posts), key=favour)
    replies = [tweet for tweet in visible if ledger.posts[tweet].reply_to is not None]
    hidden = [tweet for tweet in ledger.posts if not oracle.visible(tweet)]
    chosen = visible[-_FAVOURITES:] + replies[:_FAVOURITES]
    checks: list[Awaitable[list[str]]] = [tweet_faults(client, oracle, t) for t in hidden[::15]]
    for at, tweet in enumerate(chosen):
        author = ledger.posts[tweet].author
        apart = [b for b in sorted(ledger.blocks) if author in b and people.gone.isdisjoint(b)]
        others = [each for pair in apart[:2] for each in pair if each != author]
        for viewer in (None, people.everybody[at], *others):
            checks.append(tweet_faults(client, oracle, tweet, viewer))
            if oracle.visible(tweet, viewer):
                limit = 3 if at % 2 else 100
                checks.append(replies_faults(client, oracle, tweet, limit, viewer))
                checks.append(thread_faults(client, oracle, tweet, limit, viewer))
                checks.append(engagement_faults(client, oracle, tweet, limit, viewer))
    return checks
