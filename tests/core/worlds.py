"""Random histories of a few accounts, and what each timeline is, computed the naive way."""

from dataclasses import dataclass, field
from random import Random

from foldline.core import events as ev
from foldline.core.ids import partition_of

TICK = 35_000_000 << 22  # between the ids of two tweets


@dataclass
class World:
    """What happened: the log of each partition, and the truth that follows from it."""

    users: int
    logs: list[list[ev.Event]]
    author_of: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    edges: set[tuple[int, int]] = field(default_factory=set)

    def append(self, event: ev.Event) -> None:
        self.logs[partition_of(event.key, len(self.logs))].append(event)
        match event:
            case ev.TweetPosted(author_id=author, tweet_id=tweet):
                self.author_of[tweet] = author
            case ev.TweetDeleted(tweet_id=tweet):
                self.deleted.add(tweet)
            case ev.UserFollowed(follower_id=follower, followee_id=followee):
                self.edges.add((follower, followee))
            case ev.UserUnfollowed(follower_id=follower, followee_id=followee):
                self.edges.discard((follower, followee))

    def timeline(self, viewer: int) -> list[int]:
        """The tweets of the viewer and of whom the viewer follows, not deleted, newest first."""
        return [
            tweet
            for tweet, author in sorted(self.author_of.items(), reverse=True)
            if tweet not in self.deleted and (author == viewer or (viewer, author) in self.edges)
        ]

    def counts(self, user: int) -> tuple[int, int]:
        """Followers and live tweets."""
        live = [t for t, author in self.author_of.items() if author == user]
        return (
            sum(followee == user for _, followee in self.edges),
            len(set(live) - self.deleted),
        )

    def heard_of(self) -> set[int]:
        """The accounts whose counts an event of the log has set."""
        crossings = (ev.AuthorPromoted, ev.AuthorDemoted)
        return {e.key for log in self.logs for e in log if not isinstance(e, crossings)}


def random_world(rng: Random) -> World:
    """Three to eight accounts, ten to a hundred and twenty events, in one to three partitions."""
    world = World(users=rng.randint(3, 8), logs=[[] for _ in range(rng.randint(1, 3))])
    skew = rng.choice((0, 0, 40))  # two writers' clocks: ids not quite in the log's order
    for step in range(rng.randint(10, 120)):
        place = (step + 10) * 10 + rng.randint(-skew, skew)
        event = _happening(world, rng, tweet_id=place * TICK)
        if event is not None:
            world.append(event)
    return world


def _happening(world: World, rng: Random, tweet_id: int) -> ev.Event | None:
    one, other = rng.randint(1, world.users), rng.randint(1, world.users)
    dice = rng.random()
    if dice < 0.50:
        new = tweet_id not in world.author_of
        return ev.TweetPosted(one, tweet_id, f"tweet {tweet_id}") if new else None
    if dice < 0.57 and world.author_of:
        tweet = rng.choice(list(world.author_of))
        if rng.random() < 0.3:  # a copy of a post whose append seemed to have failed lands late
            return ev.TweetPosted(world.author_of[tweet], tweet, f"tweet {tweet}")
        return ev.TweetDeleted(world.author_of[tweet], tweet)
    if dice < 0.63:
        crossing = rng.choice((ev.AuthorPromoted, ev.AuthorDemoted))
        return crossing(one, sum(followee == one for _, followee in world.edges))
    if one == other:
        return None
    return ev.UserFollowed(other, one) if dice < 0.86 else ev.UserUnfollowed(other, one)
