"""The people of the real graph, who go on commanding whatever breaks."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from app.graph import Graph
from tests.flow.client import Client
from tests.flow.graph import imported

Move = Callable[[int, int], Awaitable[None]]
_ACTORS: Final = 6
_PAUSE_S: Final = 0.15  # of an actor between two commands
_FANS: Final = 10
_STARS: Final = 3


def thresholds(graph: Graph) -> dict[str, int]:
    """Of celebrities: such that some are it with their fans, and not without."""
    sizes = sorted(Counter(followee for _, followee in graph.follows).values(), reverse=True)
    return {"promote_at": sizes[_STARS] + 5, "demote_below": sizes[_STARS] + 4}


@dataclass
class Crowd:
    """`following` and `tweets` are what each person knows of their own doings, `audiences` how many
    follow each. The fans follow only the stars, and come and go all together."""

    client: Client
    people: list[int]
    fans: list[int]
    following: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    audiences: Counter[int] = field(default_factory=Counter)
    tweets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    rng: random.Random = field(default_factory=lambda: random.Random(98))

    def most_followed(self, count: int) -> list[int]:
        return [user for user, _ in self.audiences.most_common(count)]

    def note_follow(self, follower: int, followee: int) -> None:
        self.following[follower].add(followee)
        self.audiences[followee] += 1

    async def post(self, author: int) -> None:
        text = f"number {len(self.tweets[author])} of {author}"
        self.tweets[author].append(await self.client.post(author, text))

    async def burst(self, count: int) -> None:
        """Many tweets at once, of those whom most follow: batches that take long to write."""
        await asyncio.gather(*(self.post(author) for author in self.most_followed(count)))

    async def follow(self, follower: int, followee: int) -> None:
        self.note_follow(follower, followee)
        await self.client.follow(follower, followee)

    async def unfollow(self, follower: int, followee: int) -> None:
        self.following[follower].discard(followee)
        self.audiences[followee] -= 1
        await self.client.unfollow(follower, followee)

    async def fans_come_and_go(self) -> None:
        """Everybody's crossing: the stars become celebrities and cease to be."""
        stars = self.most_followed(2 * _STARS)
        for move in (self.follow, self.unfollow):
            await asyncio.gather(*(self._move(move, fan, stars) for fan in self.fans))
            await self.client.folded()  # only what a batch ends with is a crossing

    async def _move(self, move: Move, fan: int, stars: list[int]) -> None:
        for star in stars:
            await move(fan, star)

    @property
    def everybody(self) -> list[int]:
        return self.people + self.fans

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Commands of every kind from everybody, until the block ends; then all are answered."""
        stop = asyncio.Event()
        actors = [
            asyncio.create_task(self._act(self.people[first::_ACTORS], stop))
            for first in range(_ACTORS)
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*actors)

    async def _act(self, own: list[int], stop: asyncio.Event) -> None:
        """One after the other, the commands of these people, which are nobody else's to give."""
        while not stop.is_set():
            await self._command(self.rng.choice(own))
            await asyncio.sleep(self.rng.uniform(0, 2 * _PAUSE_S))

    async def _command(self, user: int) -> None:
        dice = self.rng.random()
        if dice < 0.2:
            other = self.rng.choice(self.people)
            if other not in (user, *self.following[user]):
                await self.follow(user, other)
        elif dice < 0.4 and self.following[user]:
            await self.unfollow(user, self.rng.choice(sorted(self.following[user])))
        elif dice < 0.55 and self.tweets[user]:
            tweet = self.tweets[user].pop(self.rng.randrange(len(self.tweets[user])))
            await self.client.delete(user, tweet)
        else:
            await self.post(user)


async def crowd_of(client: Client, graph: Graph) -> Crowd:
    """The people of an imported graph, and their fans."""
    ids = await imported(client, graph)
    fans = [await client.join(f"fan_{number}") for number in range(_FANS)]
    crowd = Crowd(client, list(ids.values()), fans)
    for one, other in graph.follows:
        crowd.note_follow(ids[one], ids[other])
    await client.folded()
    return crowd
