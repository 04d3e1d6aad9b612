"""Some people of the real graph who go on commanding whatever breaks."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.flow.client import Client

Move = Callable[[int, int], Awaitable[None]]
GRAPH: Final = Path(__file__).parents[2] / "app" / "demo" / "socfb-Reed98.edges"
_ACTORS: Final = 6
_PAUSE_S: Final = 0.15  # of an actor between two commands
_FANS: Final = 10
_STARS: Final = 3


def densest(count: int) -> dict[int, list[int]]:
    """The `count` people with the most friends in the graph: each with their friends among them."""
    edges = [(int(a), int(b)) for a, b in map(str.split, GRAPH.read_text().splitlines())]
    degrees = Counter(node for edge in edges for node in edge)
    chosen = {node for node, _ in degrees.most_common(count)}
    friends: dict[int, list[int]] = defaultdict(list)
    for one, other in edges:
        if one != other and {one, other} <= chosen:
            friends[one].append(other)
            friends[other].append(one)
    return friends


def thresholds(friends: dict[int, list[int]]) -> dict[str, int]:
    """Of celebrities: such that the stars are some with their fans, and none without."""
    sizes = sorted(map(len, friends.values()), reverse=True)
    return {"promote_at": sizes[_STARS] + 5, "demote_below": sizes[_STARS] + 4}


@dataclass
class Crowd:
    """`following` and `tweets` are what each person knows of their own doings. The fans follow only
    the stars, and come and go all together."""

    client: Client
    people: list[int]
    fans: list[int]
    following: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    tweets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    rng: random.Random = field(default_factory=lambda: random.Random(98))

    def followers(self, user: int) -> int:
        return sum(user in followed for followed in self.following.values())

    async def post(self, author: int) -> None:
        text = f"number {len(self.tweets[author])} of {author}"
        self.tweets[author].append(await self.client.post(author, text))

    async def burst(self, count: int) -> None:
        """Many tweets at once, of those whom most follow: batches that take long to write."""
        most = sorted(self.people, key=self.followers)[-count:]
        await asyncio.gather(*(self.post(author) for author in most))

    async def follow(self, follower: int, followee: int) -> None:
        self.following[follower].add(followee)
        await self.client.follow(follower, followee)

    async def unfollow(self, follower: int, followee: int) -> None:
        self.following[follower].discard(followee)
        await self.client.unfollow(follower, followee)

    async def fans_come_and_go(self) -> None:
        """Everybody's crossing: the stars become celebrities and cease to be."""
        stars = sorted(self.people, key=self.followers)[-2 * _STARS :]
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


async def crowd_of(client: Client, friends: dict[int, list[int]]) -> Crowd:
    """These people as new accounts who follow their friends."""
    users = {node: await client.join(f"node_{node}") for node in sorted(friends)}
    fans = [await client.join(f"fan_{number}") for number in range(_FANS)]
    crowd = Crowd(client, list(users.values()), fans)

    async def befriend(node: int) -> None:
        for friend in friends[node]:
            await crowd.follow(users[node], users[friend])

    await asyncio.gather(*(befriend(node) for node in friends))
    await client.folded()
    return crowd
