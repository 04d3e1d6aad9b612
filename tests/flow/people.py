"""The people of the real graph, living: they follow, post, delete and change their minds.

What else they do to each other is in `deeds`.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.graph import Graph, GraphImport
from tests.flow.client import Client
from tests.flow.graph import PREFIX, imported
from tests.flow.lanes import Lane, Step, run_lanes
from tests.flow.worlds import World


@dataclass
class People:
    """Everybody by number in the graph, with the ids they were given."""

    client: Client
    rng: Random
    ids: dict[int, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)  # (follower, followee), as ids
    tweets: dict[int, int] = field(default_factory=dict)  # the live ones, and their authors
    silent: set[int] = field(default_factory=set)  # suspended: they command nothing
    gone: set[int] = field(default_factory=set)  # whose accounts are deleted
    apart: set[frozenset[int]] = field(default_factory=set)  # one blocks the other, or soon will
    _zealous: list[int] = field(default_factory=list)

    async def settle_in(self, world: World, graph: Graph, checkpoint: Path) -> None:
        """Everybody, and all follows: the first nine tenths through the command handlers, as
        `foldline import-graph` does it, the rest over HTTP."""
        by_handlers = len(graph.follows) * 9 // 10
        first = Graph(graph.digest, graph.nodes, graph.follows[:by_handlers])
        await GraphImport(world.commands, first, checkpoint, PREFIX).run(lambda _: None)
        self.ids = await imported(self.client, first)
        await run_lanes(
            [[self._follow(self.ids[a], self.ids[b])] for a, b in graph.follows[by_handlers:]]
        )
        self.edges = {(self.ids[a], self.ids[b]) for a, b in graph.follows}
        sizes = self.audience_sizes()
        self._zealous = sorted(sizes, key=lambda user: sizes[user])

    def posts(self, count: int, author: int | None = None) -> list[Lane]:
        """Posts by the author, or by authors of very unequal zeal."""
        authors = self._authors(count) if author is None else [author] * count
        return [[self._post(each, number)] for number, each in enumerate(authors)]

    def deletions(self, count: int) -> list[Lane]:
        """Deletions of older tweets, and of tweets just posted."""
        own = sorted(item for item in self.tweets.items() if item[1] not in self.silent)
        gone = self.rng.sample(own, min(count, len(own)))
        for tweet, _ in gone:
            del self.tweets[tweet]
        older = [[self._delete(author, tweet)] for tweet, author in gone]
        slips = [[self._post_and_delete(author)] for author in self._authors(len(gone) // 2)]
        return [*older, *slips]

    def changes_of_mind(self, count: int, not_about: Collection[int]) -> list[Lane]:
        """Follows that end, that end and begin again, and that begin and end. Each pair is in one
        lane only, so that its order is known; what concerns `not_about` is left to other lanes."""
        standing = sorted(
            edge for edge in self.edges if edge[1] not in not_about and self.free(*edge)
        )
        strangers = [pair for pair in self._pairs(count) if pair[1] not in not_about]
        lanes: list[Lane] = []
        for number, edge in enumerate(self.rng.sample(standing, count)):
            follow, unfollow = self._follow(*edge), self._unfollow(*edge)
            lanes.append([unfollow] if number % 2 else [unfollow, follow, unfollow, follow])
            if number % 2:
                self.edges.discard(edge)
        for number, pair in enumerate(strangers):
            follow, unfollow = self._follow(*pair), self._unfollow(*pair)
            lanes.append([follow] if number % 2 else [follow, unfollow])
            if number % 2:
                self.edges.add(pair)
        return lanes

    def leave(self, author: int, until: int) -> tuple[list[Lane], list[int]]:
        """All but `until` followers of the author go; who went."""
        audience = sorted(follower for follower, followee in self.edges if followee == author)
        self.rng.shuffle(audience)
        gone = [each for each in audience[until:] if each not in self.silent]
        self.edges -= {(follower, author) for follower in gone}
        return [[self._unfollow(follower, author)] for follower in gone], gone

    def come_back(self, author: int, followers: Iterable[int]) -> list[Lane]:
        """Those who went follow again."""
        away = [each for each in followers if (each, author) not in self.edges]
        missing = [each for each in away if self.free(each, author)]
        self.edges |= {(follower, author) for follower in missing}
        return [[self._follow(follower, author)] for follower in missing]

    def newcomers(self, authors: Iterable[int]) -> list[Lane]:
        """New people, each of whom follows one of the authors and nobody else."""
        return [[self._arrive(-number, author)] for number, author in enumerate(authors, start=1)]

    def audience_sizes(self) -> dict[int, int]:
        """How many follow each of them."""
        sizes = Counter(followee for _, followee in self.edges)
        return {user: sizes[user] for user in self.everybody}

    @property
    def everybody(self) -> list[int]:
        return sorted(self.ids.values())

    def free(self, *users: int) -> bool:
        """Whether these may all do something, and two of them with each other."""
        there = self.silent.isdisjoint(users) and frozenset(users) not in self.apart
        return there and not any(user in self.gone for user in users)

    def _authors(self, count: int) -> list[int]:
        """Half of all tweets are by a few whom few follow: who follows them has to page far down,
        and the other timelines stay short enough to walk them all."""
        zealous = [user for user in self._zealous if self.free(user)]
        chosen = []
        for _ in range(count):
            at = int(self.rng.paretovariate(0.6)) - 1
            anybody = self.rng.random() < 0.5 or at >= len(zealous)
            chosen.append(self.rng.choice(zealous) if anybody else zealous[at])
        return chosen

    def _pairs(self, count: int) -> list[tuple[int, int]]:
        """Some pairs that do not follow each other."""
        chosen = {tuple(self.rng.sample(self.everybody, 2)) for _ in range(count)}
        strangers = sorted((one, other) for one, other in chosen if (one, other) not in self.edges)
        return [pair for pair in strangers if self.free(*pair)]

    def _arrive(self, node: int, author: int) -> Step:
        async def arrive() -> None:
            self.ids[node] = await self.client.join(f"new_{-node}")
            await self.client.follow(self.ids[node], author)
            self.edges.add((self.ids[node], author))

        return arrive

    async def say(self, author: int, text: str, reply_to: int | None = None) -> int:
        """A tweet that others may do something with once it is posted."""
        tweet = await self.client.post(author, text, reply_to)
        self.tweets[tweet] = author
        return tweet

    def _post(self, author: int, number: int) -> Step:
        return lambda: self.say(author, f"{number} from {author}: ça y est 🦉")

    def _delete(self, author: int, tweet: int) -> Step:
        return lambda: self.client.delete(author, tweet)

    def _post_and_delete(self, author: int) -> Step:
        async def both() -> None:
            await self.client.delete(author, await self.client.post(author, "a slip"))

        return both

    def _follow(self, follower: int, followee: int) -> Step:
        return lambda: self.client.follow(follower, followee)

    def _unfollow(self, follower: int, followee: int) -> Step:
        return lambda: self.client.unfollow(follower, followee)
