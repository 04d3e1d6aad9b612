"""What people do to each other beside following: they like, repeat, answer, mute and block; and
what is done to accounts.

Lanes that are planned one after the other may run at once: what concerns a pair of people, or one
person's standing with a tweet, is in one lane only. People who quarrel do nothing else with each
other meanwhile. Orders on accounts need a time of their own, when nobody commands.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.flow.client import Client
from tests.flow.lanes import Lane, Step
from tests.flow.people import People

FORBIDDEN: Final = 403

Act = tuple[int, int]  # who, and which tweet
Two = tuple[int, int]


def _one(do: Callable[[int], Awaitable[None]], user: int) -> Step:
    return lambda: do(user)


def _step(do: Callable[[int, int], Awaitable[None]], two: Two) -> Step:
    return lambda: do(*two)


@dataclass
class Deeds:
    """`likes`, `retweets`, `mutes`: those that stand."""

    people: People
    likes: set[Act] = field(default_factory=set)
    retweets: set[Act] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    blocks: set[tuple[int, int]] = field(default_factory=set)

    @property
    def client(self) -> Client:
        return self.people.client

    def engagements(self, count: int) -> list[Lane]:
        """Likes, retweets and replies, begun, ended and repeated."""
        like = (self.client.like, self.client.unlike, self.likes)
        retweet = (self.client.retweet, self.client.unretweet, self.retweets)
        lanes: list[Lane] = []
        for do, undo, standing in (like, retweet):
            old = sorted(act for act in standing if self._possible(act))
            ended = self.people.rng.sample(old, min(len(old), count // 4))
            begun = sorted(set(self._acts(count)) - standing)
            standing.difference_update(ended[::2])
            for number, act in enumerate(ended):
                lanes.append([_step(undo, act), *([_step(do, act)] if number % 2 else [])])
            for number, act in enumerate(begun):
                once, back = _step(do, act), _step(undo, act)
                lanes.append([[once], [once, back], [once, once], [once, back, once]][number % 4])
                if number % 4 != 1:
                    standing.add(act)
        return lanes + self._conversations(count // 2)

    def quarrels(self, count: int, not_about: Collection[int]) -> list[Lane]:
        """Blocks of friends and strangers, some of which end. Plan them first."""
        people, lanes = self.people, list[Lane]()
        friends = sorted(edge for edge in people.edges if people.free(*edge))
        strangers = [tuple(people.rng.sample(people.everybody, 2)) for _ in range(count)]
        for number, (one, other) in enumerate([*people.rng.sample(friends, count), *strangers]):
            aside = {one, other}.isdisjoint(not_about) and people.free(one, other)
            if aside and frozenset((one, other)) not in people.apart:
                lanes.append(self._quarrel(one, other, number))
        return lanes

    def reconciliations(self, count: int) -> list[Lane]:
        """Blocks that end after a while. The follows that they ended stay so."""
        lanes: list[Lane] = []
        for one, other in sorted(self.blocks)[:count]:
            if {one, other}.isdisjoint(self.people.silent | self.people.gone):
                lanes.append([_step(self.client.unblock, (one, other))])
                self.blocks.discard((one, other))
                if (other, one) not in self.blocks:
                    self.people.apart.discard(frozenset((one, other)))
        return lanes

    def silences(self, count: int) -> list[Lane]:
        """Mutes, some of which end."""
        people, lanes = self.people, list[Lane]()
        chosen = people.rng.sample(sorted(people.edges), count)
        for number, pair in enumerate(pair for pair in chosen if people.free(*pair)):
            mute, unmute = _step(self.client.mute, pair), _step(self.client.unmute, pair)
            if pair in self.mutes:
                lanes.append([unmute])
                self.mutes.discard(pair)
            else:
                lanes.append([mute, unmute] if number % 3 == 1 else [mute, mute])
                if number % 3 != 1:
                    self.mutes.add(pair)
        return lanes

    def new_names(self, count: int) -> list[Lane]:
        """Changed profiles, and some that are verified."""
        people = self.people
        chosen = [user for user in people.rng.sample(people.everybody, count) if people.free(user)]
        return [self._rename(user, number) for number, user in enumerate(chosen)]

    def orders(self, count: int, spared: Collection[int]) -> list[Lane]:
        """Those who were suspended are reinstated, but for one; others are suspended."""
        people = self.people
        back = sorted(people.silent)[:-1]
        there = [user for user in people.everybody if people.free(user) and user not in spared]
        chosen = people.rng.sample(there, count)
        people.silent.difference_update(back)
        people.silent.update(chosen)
        return [
            *([_one(self.client.reinstate, user)] for user in back),
            *([_one(self.client.suspend, user)] for user in chosen),
        ]

    def farewells(self, count: int, spared: Collection[int]) -> list[Lane]:
        """Accounts that end, with all that they did to others."""
        people = self.people
        there = [user for user in people.everybody if people.free(user) and user not in spared]
        ended = people.rng.sample(there, count)
        people.gone.update(ended)
        people.ids = {node: user for node, user in people.ids.items() if user not in people.gone}
        people.edges = {edge for edge in people.edges if people.gone.isdisjoint(edge)}
        people.tweets = {t: who for t, who in people.tweets.items() if who not in people.gone}
        self.mutes = {pair for pair in self.mutes if people.gone.isdisjoint(pair)}
        return [[_one(self.client.close, user)] for user in ended]

    def _quarrel(self, one: int, other: int, number: int) -> Lane:
        """The blocked is refused what he may not do; a second block may stand beside the first."""
        people, client = self.people, self.client
        pair = frozenset((one, other))
        people.apart.add(pair)
        people.edges -= {(one, other), (other, one)}
        block, unblock = _step(client.block, (one, other)), _step(client.unblock, (one, other))
        refused: list[Step] = [self._refused(one, other), self._refused(other, one)]
        match number % 4:
            case 0:
                people.edges.add((other, one))
                follow = _step(client.follow, (other, one))
                return [block, *refused, unblock, follow, self._agree(pair)]
            case 1:
                self.blocks |= {(one, other), (other, one)}
                return [block, _step(client.block, (other, one)), *refused]
            case 2:
                return [block, block, unblock, unblock, self._agree(pair)]
            case _:
                self.blocks.add((one, other))
                return [block, *refused]

    def _agree(self, pair: frozenset[int]) -> Step:
        async def agree() -> None:
            self.people.apart.discard(pair)

        return agree

    def _refused(self, one: int, other: int) -> Step:
        path = f"/api/v1/users/{other}/follow"
        return lambda: self.client.refused(FORBIDDEN, "POST", path, one)

    def _acts(self, count: int) -> list[Act]:
        """Of very unequal favour: some tweets are liked by many."""
        rng, tweets = self.people.rng, list(self.people.tweets)
        if not tweets:
            return []
        users = rng.choices(self.people.everybody, k=count)
        ranks = [min(int(rng.paretovariate(0.5)), len(tweets)) - 1 for _ in users]
        acts = {(user, tweets[rank]) for user, rank in zip(users, ranks, strict=True)}
        return sorted(act for act in acts if self._possible(act))

    def _possible(self, act: Act) -> bool:
        user, tweet = act
        author = self.people.tweets.get(tweet)
        return author is not None and self.people.free(user, author)

    def _conversations(self, count: int) -> list[Lane]:
        """Replies, and replies to them: each is known only when the one before is posted."""
        acts: Sequence[Act] = self._acts(count)
        return [[self._converse(user, tweet, at % 3 + 1)] for at, (user, tweet) in enumerate(acts)]

    def _converse(self, user: int, tweet: int, depth: int) -> Step:
        async def converse() -> None:
            answered = tweet
            for level in range(depth):
                answered = await self.people.say(user, f"{level} below {tweet}", answered)

        return converse

    def _rename(self, user: int, number: int) -> Lane:
        bio = f"No. {number}"
        steps: list[Step] = [
            lambda: self.client.update(user, display_name=f"{user} anew"),
            lambda: self.client.update(user, bio=bio),
        ]
        return [*steps, _one(self.client.verify, user)] if number % 2 else steps
