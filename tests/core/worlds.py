"""Random histories of a few accounts, and what follows from them, computed the naive way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from foldline.core import events as ev
from foldline.core.ids import partition_of
from foldline.core.position import stamp_of

TICK = 35_000_000 << 22  # between the ids of two tweets


@dataclass
class World:
    """What happened: the log of each partition, and the truth that follows from it."""

    users: int
    logs: list[list[ev.Event]]
    posts: dict[int, ev.TweetPosted] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    edges: set[tuple[int, int]] = field(default_factory=set)
    likes: set[tuple[int, int]] = field(default_factory=set)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    retweets: dict[tuple[int, int], int] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    engaged: set[int] = field(default_factory=set)

    def log(self, event: ev.Event) -> int:
        """Append an event without a thought; the stamp that it gets."""
        log = self.logs[partition_of(event.key, len(self.logs))]
        log.append(event)
        return stamp_of(len(log) - 1)

    def append(self, event: ev.Event) -> None:
        """Something happened."""
        stamp = self.log(event)
        if isinstance(event, ev.TweetLiked | ev.TweetUnliked):
            self._liked(event)
        elif event.key in self.closed:
            return
        elif isinstance(event, ev.UserFollowed | ev.UserUnfollowed):
            self._followed(event)
        elif isinstance(event, ev.UserBlocked | ev.UserUnblocked):
            self._blocked(event, stamp)
        elif isinstance(event, ev.TweetPosted):
            self._posted(event)
        elif isinstance(event, ev.TweetDeleted):
            self._gone(event.tweet_id)
        elif isinstance(event, ev.AccountDeleted):
            self._closed(event.account_id)

    def timeline(self, viewer: int) -> list[int]:
        """The tweets of the viewer and of whom the viewer follows, not deleted, newest first."""
        return [
            tweet
            for tweet, post in sorted(self.posts.items(), reverse=True)
            if tweet not in self.deleted
            and (post.author_id == viewer or (viewer, post.author_id) in self.edges)
        ]

    def counts(self, user: int) -> tuple[int, int]:
        """Followers and live tweets."""
        live = [t for t, post in self.posts.items() if post.author_id == user]
        return (
            sum(followee == user for _, followee in self.edges),
            len(set(live) - self.deleted),
        )

    def engagement(self, tweet: int) -> tuple[int, int, int]:
        """Likes, retweets and replies."""
        live = [
            post
            for tweet_id, post in self.posts.items()
            if tweet_id not in self.deleted and post.author_id not in self.closed
        ]
        return (
            sum(liked == tweet for _, liked in self.likes),
            sum(post.retweet_of == tweet for post in live),
            sum(post.reply_to == tweet for post in live),
        )

    def _liked(self, event: ev.TweetLiked | ev.TweetUnliked) -> None:
        self.engaged.add(event.tweet_id)
        if isinstance(event, ev.TweetUnliked):
            self.likes.discard((event.user_id, event.tweet_id))
        elif event.user_id not in self.closed:
            self.likes.add((event.user_id, event.tweet_id))

    def _followed(self, event: ev.UserFollowed | ev.UserUnfollowed) -> None:
        pair = event.follower_id, event.followee_id
        if isinstance(event, ev.UserUnfollowed):
            self.edges.discard(pair)
        elif not self._apart(*pair) and event.follower_id not in self.closed:
            self.edges.add(pair)

    def _posted(self, event: ev.TweetPosted) -> None:
        pair = event.author_id, event.retweet_of or 0
        if event.retweet_of:
            self.engaged.add(event.retweet_of)
            if self.retweets.get(pair, event.tweet_id) != event.tweet_id:
                return
            if event.tweet_id not in self.deleted:
                self.retweets[pair] = event.tweet_id
        if event.reply_to:
            self.engaged.add(event.reply_to)
        self.posts[event.tweet_id] = event

    def _gone(self, tweet: int) -> None:
        self.deleted.add(tweet)
        self.retweets = {pair: by for pair, by in self.retweets.items() if by != tweet}

    def _blocked(self, event: ev.UserBlocked | ev.UserUnblocked, stamp: int) -> None:
        """The word on follows is derived at once; a worker may derive it again, at any time."""
        blocker, blocked = event.blocker_id, event.blocked_id
        if isinstance(event, ev.UserBlocked):
            self.blocks.add((blocker, blocked))
            self.edges -= {(blocker, blocked), (blocked, blocker)}
            self.log(ev.FollowBarred(blocked, blocker, stamp))
        else:
            self.blocks.discard((blocker, blocked))
            self.log(ev.FollowUnbarred(blocked, blocker, stamp))

    def _apart(self, one: int, other: int) -> bool:
        return bool({(one, other), (other, one)} & self.blocks)

    def _closed(self, user: int) -> None:
        self.closed.add(user)
        self.edges = {edge for edge in self.edges if user not in edge}
        self.likes = {like for like in self.likes if like[0] != user}


def random_world(rng: Random) -> World:
    """Three to eight accounts, ten to a hundred and twenty events, in one to three partitions."""
    world = World(users=rng.randint(3, 8), logs=[[] for _ in range(rng.randint(1, 3))])
    for user in range(1, world.users + 1):
        world.append(ev.AccountCreated(user, f"u{user}"))
    skew = rng.choice((0, 0, 40))  # two writers' clocks: ids not quite in the log's order
    kinds, weights = zip(*_HAPPENINGS.items(), strict=True)
    for step in range(rng.randint(10, 120)):
        place = (step + 10) * 10 + rng.randint(-skew, skew)
        event = rng.choices(kinds, weights)[0](world, rng, place * TICK)
        if event is not None:
            world.append(event)
    return world


def _post(world: World, rng: Random, tweet_id: int) -> ev.Event | None:
    if tweet_id in world.posts:
        return None
    author, about = rng.randint(1, world.users), rng.choice([*world.posts.values(), None])
    if about is None or rng.random() < 0.7:
        return ev.TweetPosted(author, tweet_id, f"tweet {tweet_id}")
    if rng.random() < 0.5:
        named = {"reply_to": about.tweet_id, "reply_to_author": about.author_id}
        return ev.TweetPosted(author, tweet_id, f"tweet {tweet_id}", **named)
    named = {"retweet_of": about.tweet_id, "retweet_of_author": about.author_id}
    return ev.TweetPosted(author, tweet_id, "", **named)


def _delete(world: World, rng: Random, tweet_id: int) -> ev.Event | None:
    if not world.posts:
        return None
    post = rng.choice([*world.posts.values()])
    if rng.random() < 0.3:  # a copy of a post whose append seemed to have failed lands late
        return post
    return ev.TweetDeleted(
        post.author_id,
        post.tweet_id,
        reply_to=post.reply_to,
        reply_to_author=post.reply_to_author,
        retweet_of=post.retweet_of,
        retweet_of_author=post.retweet_of_author,
    )


def _cross(world: World, rng: Random, tweet_id: int) -> ev.Event:
    crossing, one = rng.choice((ev.AuthorPromoted, ev.AuthorDemoted)), rng.randint(1, world.users)
    return crossing(one, sum(followee == one for _, followee in world.edges))


def _follow(world: World, rng: Random, tweet_id: int) -> ev.Event:
    kind = ev.UserFollowed if rng.random() < 0.65 else ev.UserUnfollowed
    return kind(*_pair(world, rng))


def _block(world: World, rng: Random, tweet_id: int) -> ev.Event:
    return rng.choice((ev.UserBlocked, ev.UserUnblocked))(*_pair(world, rng))


def _like(world: World, rng: Random, tweet_id: int) -> ev.Event | None:
    if not world.posts:
        return None
    kind = ev.TweetLiked if rng.random() < 0.7 else ev.TweetUnliked
    post = rng.choice([*world.posts.values()])
    return kind(post.author_id, post.tweet_id, rng.randint(1, world.users))


def _close(world: World, rng: Random, tweet_id: int) -> ev.Event:
    return ev.AccountDeleted(rng.randint(1, world.users))


def _pair(world: World, rng: Random) -> tuple[int, int]:
    one, other = rng.sample(range(1, world.users + 1), 2)
    return one, other


_HAPPENINGS: dict[Callable[[World, Random, int], ev.Event | None], float] = {
    _post: 50,
    _delete: 7,
    _cross: 6,
    _follow: 34,
    _block: 8,
    _like: 12,
    _close: 0.5,
}
