"""The views in Cassandra: one keyspace a generation."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from cql.loader import VIEWS, statements
from foldline.cassandra import CassandraSession, Row, Write, open_session
from foldline.cassandra_driver import views_keyspace
from foldline.core.audience import Audience
from foldline.core.effects import Effect, SetCelebrity, TrimBelow
from foldline.core.engagement import Engagement, References
from foldline.core.ids import IntArray
from foldline.core.position import PARTITIONS_MAX, Position, keyed, stamp_of
from foldline.errors import ViewsUnavailableError
from foldline.generation import Generation
from foldline.settings import Settings
from foldline.views.cassandra_reads import CassandraReads
from foldline.views.cassandra_rows import Placement, writes
from foldline.views.cassandra_timelines import TimelineWriter
from foldline.views.port import DeadLetter, Views
from foldline.views.rows import profile_of, words_of

_AFTER_ROWS: Final = (SetCelebrity, TrimBelow)  # flags, and what rests on a floor that stands


async def open_cassandra_views(settings: Settings, generation: Generation) -> Views:
    """The views of a generation, whose keyspace must be migrated.

    Raises `ViewsUnavailableError`, `MisconfiguredError`.
    """
    session = await open_session(
        settings,
        views_keyspace(settings, generation.number),
        {name: statement.text for name, statement in statements(VIEWS).items()},
        ViewsUnavailableError,
    )
    placement = Placement(generation.buckets, generation.follower_shards)
    return CassandraViews(session, placement, settings)


class CassandraViews(CassandraReads):
    """`views.port.Views` on one generation's keyspace."""

    def __init__(self, session: CassandraSession, placement: Placement, settings: Settings) -> None:
        super().__init__(session, placement)
        self._epoch = settings.log_epoch
        self._timelines = TimelineWriter(
            session, placement.buckets, settings.mutation_bytes, settings.rows_per_part
        )

    async def load(self, author_ids: Sequence[int]) -> dict[int, Audience]:
        found: dict[int, Audience] = {}

        async def read(author_id: int) -> None:
            followers, posts, flags, profiles, words = await asyncio.gather(
                self._session.ids("all_followers", author_id, self._placement.all_shards),
                self._session.rows("tweets_of", author_id),
                self._session.rows("celebrity", self._placement.shard(author_id), author_id),
                self._session.rows("profile", author_id),
                self._session.rows("words", author_id),
            )
            created = bool(profiles) and profiles[0][0] is not None
            found[author_id] = Audience(
                author_id,
                followers=np.sort(followers),
                tweets=_sorted(tweet_id for tweet_id, deleted in posts if not deleted),
                deleted=_sorted(tweet_id for tweet_id, deleted in posts if deleted),
                celebrity=bool(flags),
                profile=profile_of(profiles[0]) if created else None,
                words=words_of(words),
            )

        await self._session.for_each(read, set(author_ids))
        return found

    async def load_engagements(self, tweets: Mapping[int, int]) -> dict[int, Engagement]:
        found: dict[int, Engagement] = {}

        async def read(tweet_id: int) -> None:
            likes, retweets, replies = await asyncio.gather(
                self._session.ids("all_likers", tweet_id, self._placement.all_shards),
                self._session.rows("all_retweets", tweet_id),
                self._session.rows("all_replies", tweet_id),
            )
            found[tweet_id] = Engagement(
                tweet_id,
                tweets[tweet_id],
                likes=np.sort(likes),
                retweets=_references(retweets),
                replies=_references(replies),
            )

        await self._session.for_each(read, list(tweets))
        return found

    async def apply(self, effects: Sequence[Effect], progress: Mapping[int, int]) -> None:
        rows = [effect for effect in effects if not isinstance(effect, _AFTER_ROWS)]
        rest = [effect for effect in effects if isinstance(effect, _AFTER_ROWS)]
        at_once = (
            partial(self._timelines.write, rows),
            partial(self._session.write, self._writes(rows)),
        )
        await self._session.for_each(lambda write: write(), at_once)
        await self._session.write(self._writes(rest))
        await self._session.write(
            ("set_progress", keyed(partition, self._epoch), offset, offset)
            for partition, offset in progress.items()
        )

    async def progress(self) -> dict[int, int]:
        rows: list[tuple[int, int]] = await self._session.rows("progress")
        first = keyed(0, self._epoch)
        return {key - first: offset for key, offset in rows if 0 <= key - first < PARTITIONS_MAX}

    async def dead_letters(self, after: Position | None, limit: int) -> list[DeadLetter]:
        after = after or Position(-1, -1)
        found: list[DeadLetter] = []
        first = keyed(0, self._epoch)
        for key in sorted(await self._session.ids("dead_letter_partitions")):
            partition, missing = int(key) - first, limit - len(found)
            if max(after.partition, 0) <= partition < PARTITIONS_MAX and missing:
                behind = after.offset if partition == after.partition else -1
                rows = await self._session.rows("next_dead_letters", int(key), behind, missing)
                found += [_dead_letter(row, first) for row in rows if row[2] is not None]
        return found

    async def dead_letter(self, at: Position) -> DeadLetter | None:
        first = keyed(0, self._epoch)
        rows = await self._session.rows("dead_letter", first + at.partition, at.offset)
        return _dead_letter(rows[0], first) if rows and rows[0][2] is not None else None

    async def mark_replayed(self, at: Position, to: Position) -> None:
        place = keyed(at.partition, self._epoch), at.offset
        await self._session.execute("add_replay", stamp_of(to.offset), {str(to)}, *place)

    async def close(self) -> None:
        await self._session.close()

    def _writes(self, effects: Iterable[Effect]) -> Iterator[Write]:
        for effect in effects:
            yield from writes(effect, self._placement)


def _sorted(ids: Iterable[int]) -> IntArray:
    return np.sort(np.fromiter(ids, dtype=np.int64))


def _references(rows: Iterable[Row]) -> References:
    known = list(rows)
    return References(
        live=_sorted(tweet_id for tweet_id, gone in known if not gone),
        gone=_sorted(tweet_id for tweet_id, gone in known if gone),
    )


def _dead_letter(row: Row, first: int) -> DeadLetter:
    key, offset, error, value, replayed_to = row
    copies = sorted(Position.parse(text) for text in replayed_to or ())
    return DeadLetter(Position(key - first, offset), error, value, tuple(copies))
