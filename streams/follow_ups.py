"""What follows from folded events beyond their partitions: derived events, appended to the log.

Most are appended before the rows of their cause are written. Two kinds wait until those are
durable: the undoing of what a deleted account did. A follow or a like looks whether its account is
deleted once it can be found itself; a deletion looks for follows and likes once it can be seen
itself. So whichever comes second undoes the act, in whatever partitions and by whatever workers.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from foldline import telemetry
from foldline.appends import append
from foldline.core import events as ev
from foldline.core.crossing import derived
from foldline.core.fold import told_of_deletion
from foldline.core.follow_ups import Derive, EndActs, FollowUp, UndoIfDeleted
from foldline.core.span import Span
from foldline.log.port import EventLog
from foldline.views.port import ServedViews, Tweet
from streams.sift import Entry

_AT_ONCE: Final = 32  # appends under way
_PAGE: Final = 500

Steadily = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Repeats a call for as long as a store or the log can't answer."""


@dataclass(frozen=True, slots=True)
class Due:
    """What follows, and from what."""

    follow_up: FollowUp
    cause: Entry


class FollowUps:
    """Appends what follows. Every append may be repeated: the fold takes a second one for none."""

    def __init__(self, log: EventLog, views: ServedViews, steadily: Steadily) -> None:
        self._log = log
        self._views = views
        self._steadily = steadily

    async def derive(self, due: Iterable[Due]) -> None:
        """Append what follows at once."""
        await self._append(
            (each.follow_up.event, each.cause) for each in due if isinstance(each.follow_up, Derive)
        )

    async def settle(self, due: Sequence[Due]) -> None:
        """Append what depends on the rows, which are durable now."""
        acts = {e.follow_up.account_id for e in due if isinstance(e.follow_up, UndoIfDeleted)}
        found = await self._steadily(lambda: self._views.accounts(sorted(acts)))
        gone = {user_id for user_id, account in found.items() if account.deleted}
        await self._append(
            (each.follow_up.event, each.cause)
            for each in due
            if isinstance(each.follow_up, UndoIfDeleted) and each.follow_up.account_id in gone
        )
        for each in due:
            if isinstance(each.follow_up, EndActs):
                async for events in self._acts_of(each.follow_up.account_id):
                    await self._append((event, each.cause) for event in events)

    async def _acts_of(self, user_id: int) -> AsyncIterator[list[ev.Event]]:
        """What undoes all that an account did to others, by pages."""
        following = await self._steadily(lambda: self._views.following(user_id))
        yield [ev.UserUnfollowed(user_id, followee) for followee in following.tolist()]
        last = 0
        while likes := await self._steadily(partial(self._views.likes_of, user_id, last, _PAGE)):
            yield [ev.TweetUnliked(author, tweet, user_id) for tweet, author in likes.items()]
            last = max(likes)
        async for tweets in self._tweets_of(user_id):
            yield [
                told.event
                for tweet in tweets
                for told in told_of_deletion(_deletion(tweet))
                if isinstance(told, Derive)
            ]

    async def _tweets_of(self, user_id: int) -> AsyncIterator[list[Tweet]]:
        span = Span(limit=_PAGE)
        while True:
            pages = await self._steadily(partial(self._views.tweets_of, [user_id], span))
            ids = pages[user_id].tolist()
            if not ids:
                return
            found = await self._steadily(partial(self._views.tweets, ids))
            yield list(found.values())
            span = Span(limit=_PAGE, below=ids[-1])

    async def _append(self, events: Iterable[tuple[ev.Event, Entry]]) -> None:
        """Append all, those of one key in their order."""
        lanes: dict[int, list[tuple[ev.Event, Entry]]] = defaultdict(list)
        for event, cause in events:
            lanes[event.key].append((event, cause))
        turn = asyncio.Semaphore(_AT_ONCE)

        async def run(lane: list[tuple[ev.Event, Entry]]) -> None:
            async with turn:
                for event, cause in lane:
                    telemetry.TRACE.set(cause.trace)
                    envelope = derived(event, cause.envelope)
                    await self._steadily(partial(append, self._log, envelope, "projector"))

        await asyncio.gather(*(run(lane) for lane in lanes.values()))


def _deletion(tweet: Tweet) -> ev.TweetDeleted:
    return ev.TweetDeleted(
        tweet.author_id,
        tweet.tweet_id,
        reply_to=tweet.reply_to,
        reply_to_author=tweet.reply_to_author,
        retweet_of=tweet.retweet_of,
        retweet_of_author=tweet.retweet_of_author,
    )
