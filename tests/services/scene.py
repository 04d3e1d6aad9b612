"""What happened, folded, and the reads over it: without any command, so that all can be told."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.compose import checks_of, serve
from cql.migrator import migrate
from foldline.appends import append
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.codec import Envelope
from foldline.log.kafka import create_topic
from foldline.log.port import LogReader
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from streams.projector import Projector
from tests.contracts.ids import fresh, several
from tests.flow.client import Client, Reply, client_of

_TAKE_MAX = 1_000
_WAIT_S = 0.02


@dataclass
class Scene:
    """An installation whose events come from the test, and are folded by a projector beside it."""

    settings: Settings
    profile: Profile
    projector: Projector
    reader: LogReader
    client: Client
    authors: dict[int, int] = field(default_factory=dict)

    async def happened(self, *events: ev.Event) -> None:
        """These events, in order for each key, and all that follows from them is in the views."""
        by_key = defaultdict(list)
        for event in events:
            by_key[event.key].append(event)
        await asyncio.gather(*(self._append(those) for those in by_key.values()))
        while self._progress() != await self.profile.log.ends():
            records = await self.reader.take(_TAKE_MAX, _WAIT_S)
            if records:
                await self.projector.apply(records)
            await self.projector.quiet()

    async def people(self, count: int, name: str = "") -> list[int]:
        """New accounts, ascending, whose usernames nobody else has."""
        ids = several(count)
        await self.happened(*(ev.AccountCreated(i, f"u{i}", name or f"U{i}") for i in ids))
        return ids

    async def posts(self, author: int, count: int = 1, **more: Any) -> list[int]:
        """New tweets of an author, ascending."""
        posts = [self.posted(author, **more) for _ in range(count)]
        await self.happened(*posts)
        return [post.tweet_id for post in posts]

    def posted(
        self,
        author: int,
        text: str | None = None,
        reply_to: int | None = None,
        retweet_of: int | None = None,
    ) -> ev.TweetPosted:
        """A post that is yet to happen."""
        tweet = fresh()
        self.authors[tweet] = author
        return ev.TweetPosted(
            author,
            tweet,
            f"text of {tweet}" if text is None else text,
            reply_to,
            None if reply_to is None else self.authors[reply_to],
            retweet_of,
            None if retweet_of is None else self.authors[retweet_of],
        )

    async def retweeted(self, user: int, tweet: int) -> int:
        """A user retweets a tweet; the retweet."""
        return (await self.posts(user, text="", retweet_of=tweet))[0]

    async def follow(self, follower: int, *followees: int) -> None:
        await self.happened(*(ev.UserFollowed(follower, each) for each in followees))

    async def ask(self, path: str, viewer: int | None = None, **query: object) -> Reply:
        """Whatever a read answers."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return await self.client.ask("GET", self.client.query + path, viewer, params=asked)

    async def get(self, path: str, viewer: int | None = None, **query: object) -> Any:
        """The body of a read that must succeed."""
        return await self.client.get(path, viewer, **query)

    async def tweets(self, path: str, viewer: int | None = None, **query: object) -> list[int]:
        """The tweets on one page."""
        page = await self.get(path, viewer, **query)
        return [int(tweet["tweet_id"]) for tweet in page["tweets"]]

    async def users(self, path: str, viewer: int | None = None, limit: int = 100) -> list[int]:
        """The accounts of a whole list, by pages of which each but the last must be full."""
        listed: list[int] = []
        cursor = None
        while True:
            page = await self.get(path, viewer, limit=limit, cursor=cursor)
            listed += [int(user["user_id"]) for user in page["users"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return listed
            assert len(page["users"]) == limit

    async def walk(self, path: str, viewer: int | None = None, limit: int = 20) -> list[int]:
        """The tweets of a whole list, older to the end; and back, which must be the same."""
        page = await self.get(path, viewer, limit=limit)
        older = [page["tweets"]]
        while page["next_cursor"] is not None:
            assert len(page["tweets"]) == limit
            page = await self.get(path, viewer, limit=limit, cursor=page["next_cursor"])
            older.append(page["tweets"])
        newer = [page["tweets"]]
        while page["tweets"]:
            page = await self.get(path, viewer, limit=limit, cursor=page["prev_cursor"])
            newer.append(page["tweets"])
        there, back = [
            [int(tweet["tweet_id"]) for tweets in pages for tweet in tweets]
            for pages in (older, newer[::-1])
        ]
        assert there == back
        return there

    def _progress(self) -> list[int]:
        progress = self.projector.progress
        return [progress.get(partition, 0) for partition in range(self.profile.log.partitions)]

    async def _append(self, events: list[ev.Event]) -> None:
        for event in events:
            envelope = Envelope(f"{fresh()}", event, SystemClock().now_ms())
            await append(self.profile.log, envelope, "tests")


@asynccontextmanager
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    """A scene over the stores that the settings name."""
    if settings.profile == "distributed":
        await migrate(settings)
        await create_topic(settings)
    async with AsyncExitStack() as stack:
        profile = await open_profile(settings)
        stack.push_async_callback(profile.close)
        projector = Projector(profile.log, profile.views, settings, SystemClock())
        await projector.assign(range(profile.log.partitions))
        stack.push_async_callback(projector.stop)
        reader = await profile.log.reader(projector.progress)
        stack.push_async_callback(reader.close)
        http = await serve(profile, settings, "query", checks_of(profile))
        stack.push_async_callback(http.close)
        client = await stack.enter_async_context(client_of(http.url))
        yield Scene(settings, profile, projector, reader, client)
