"""Workers that crash in mid-batch, repeat batches, and wake as zombies, on the real fold."""

from collections.abc import Sequence
from random import Random

import numpy as np

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.engagement import Engagement, engage
from foldline.core.fold import fold, told_of_deletion
from foldline.core.follow_ups import Derive, EndActs, FollowUp, UndoIfDeleted
from foldline.core.position import stamp_of
from tests.core.view import View, Write, writes_of
from tests.core.worlds import World

CAP = 4  # entries of a backfill: tiny, so that every boundary is crossed


class Workers:
    """Whoever works on the partitions of a world, one step at a time."""

    def __init__(
        self, world: World, rng: Random, view: View | None = None, progress: Sequence[int] = ()
    ) -> None:
        """They go on with a `view` that has all up to `progress`, or begin one."""
        self.view = view or View(last_wins_ties=rng.random() < 0.5)
        self._world = world
        self._rng = rng
        self._progress = list(progress) or [0] * len(world.logs)
        self._cached: dict[int, Audience] = {}
        self._engaged: dict[int, Engagement] = {}
        self._late: list[list[Write]] = []
        self._unheard: list[ev.Event] = []

    def run(self) -> None:
        """Work until every partition is folded and every zombie has written what it held."""
        while self._behind() or self._unheard:
            behind = self._behind()
            if self._unheard and (not behind or self._rng.random() < 0.1):
                self._world.log(self._unheard.pop(self._rng.randrange(len(self._unheard))))
            else:
                self._step(self._rng.choice(behind))
        for writes in self._late:
            self._apply(writes)

    def _behind(self) -> list[int]:
        return [p for p, log in enumerate(self._world.logs) if self._progress[p] < len(log)]

    def _step(self, partition: int) -> None:
        if self._rng.random() < 0.3:  # a restart, a takeover, or an eviction
            self._forget()
        start = self._progress[partition]
        batch = self._world.logs[partition][start : start + self._rng.randint(1, 6)]
        writes, due = self._fold(batch, start)
        self._derive(due)
        if self._rng.random() < 0.35:
            self._late.append(writes)  # whoever computed this may yet write it, or write it again
        if self._rng.random() < 0.25:
            self._apply(writes[: self._rng.randint(0, len(writes))])
            self._forget()  # a crash in mid-batch: no progress, nothing remembered
            return
        self._apply(writes)
        self._settle(due)
        if self._rng.random() < 0.1:
            self._forget()  # a crash just before progress
            return
        self._progress[partition] += len(batch)
        if self._late and self._rng.random() < 0.3:
            woken = self._late.pop(self._rng.randrange(len(self._late)))
            self._apply([write for write in woken if self._rng.random() < 0.8])
        if self._rng.random() < 0.2:
            self._trim(self._rng.randint(1, self._world.users))

    def _fold(self, batch: list[ev.Event], start: int) -> tuple[list[Write], list[FollowUp]]:
        """The writes of a batch: rows in any order, then the celebrity flags; what follows."""
        effects: list[fx.Effect] = []
        due: list[FollowUp] = []
        for offset, event in enumerate(batch, start):
            more, told = self._fold_one(event, stamp_of(offset))
            effects += more
            due += told
        writes = list(writes_of(effects))
        self._rng.shuffle(writes)
        writes.sort(key=lambda write: write.table == "celebrities")
        return writes, due

    def _fold_one(self, event: ev.Event, stamp: int) -> tuple[list[fx.Effect], list[FollowUp]]:
        if isinstance(event, ev.OfTweet):
            tweet, author = event.tweet_id, event.author_id
            engagement = self._engaged.get(tweet) or self.view.engagement(tweet, author)
            self._engaged[tweet], effects, told = engage(engagement, event, stamp)
            return effects, told
        audience = self._cached.get(event.key) or self.view.audience(event.key)
        settled = self._rng.random() < 0.5
        folded = fold(audience, event, stamp, cap=CAP, settled=settled)
        self._cached[event.key] = folded.audience
        return list(folded.effects), list(folded.follow_ups)

    def _derive(self, due: list[FollowUp]) -> None:
        """Append what follows; a zombie may do so again, much later."""
        for follow_up in due:
            if isinstance(follow_up, Derive):
                self._append(follow_up.event)

    def _settle(self, due: list[FollowUp]) -> None:
        """As `streams.follow_ups` does it: once the rows are durable."""
        for follow_up in due:
            if isinstance(follow_up, UndoIfDeleted) and self.view.closed(follow_up.account_id):
                self._append(follow_up.event)
            elif isinstance(follow_up, EndActs):
                for event in self._acts_of(follow_up.account_id):
                    self._append(event)

    def _acts_of(self, user: int) -> list[ev.Event]:
        unfollowed = [ev.UserUnfollowed(user, f) for f in self.view.cells("following", user)]
        liked = self.view.cells("likes_of", user).items()
        unliked = [ev.TweetUnliked(author, tweet, user) for tweet, author in liked]
        posts = [self._world.posts[t] for t in self.view.live(user).tolist()]
        told = [
            each.event
            for post in posts
            for each in told_of_deletion(
                ev.TweetDeleted(
                    user,
                    post.tweet_id,
                    post.reply_to,
                    post.reply_to_author,
                    post.retweet_of,
                    post.retweet_of_author,
                )
            )
            if isinstance(each, Derive)
        ]
        return [*unfollowed, *unliked, *told]

    def _append(self, event: ev.Event) -> None:
        if self._rng.random() < 0.1:
            self._unheard.append(event)  # once more, and late
        self._world.log(event)

    def _forget(self) -> None:
        self._cached.clear()
        self._engaged.clear()

    def _apply(self, writes: list[Write]) -> None:
        for write in writes:
            self.view.write(write)

    def _trim(self, user: int) -> None:
        """Raise the floor to what is kept, then drop what lies below."""
        entries = sorted(self.view.timeline(user), reverse=True)
        if len(entries) > 2 * CAP:
            floor = entries[CAP]
            raised = fx.RaiseFloor(np.array([user]), floor)
            self._apply(list(writes_of([raised, fx.TrimBelow(user, floor)])))
