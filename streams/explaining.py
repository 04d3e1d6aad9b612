"""Explaining one entry of one home timeline, from the three partitions that decide it and the view.

They are those of the viewer, of the author and of the original's author: all that is decided there
about the tweet is decided by events of these accounts' own keys.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from foldline.core import events as ev
from foldline.core.explained import Question, told, why_absent
from foldline.core.ids import partition_of
from foldline.core.ledger import Ledger
from foldline.core.position import Position
from foldline.core.span import Span
from foldline.errors import NotFoundError
from foldline.log.port import EventLog
from foldline.views.port import ServedViews
from streams.reading import stretches, time_of

_REPAIR: Final = "no path of the views brings it: `foldline rebuild repair` writes it anew"


class Reader(Protocol):
    """Reads what is served from one generation."""

    async def shows(self, user_id: int, tweet_id: int) -> bool:
        """Whether a tweet is in a home timeline, at whatever depth."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event that the answer rests on. `at`: ms since 1970, by the log's own clock."""

    position: str
    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`due`: whether the log says that the tweet is in the timeline; `served`: whether it is.
    `path`: by which it comes there; `rule`: by which it does not. `causes`: in each partition's
    order."""

    viewer: int
    tweet: int
    author: int
    due: bool
    served: bool
    path: str | None
    rule: str | None
    causes: list[Cause]


async def explain(
    log: EventLog, views: ServedViews, reader: Reader, epoch: int, viewer: int, tweet: int
) -> Explanation:
    """Why `tweet` is in the viewer's home timeline, or is not. Raises `NotFoundError` for a tweet
    that the views have never heard of."""
    asked = await _question(views, viewer, tweet)
    ledger = Ledger(log.partitions)
    found: list[tuple[Position, int, ev.Event]] = []
    ends = await log.ends()
    for partition in sorted(
        {partition_of(key, log.partitions) for key in (viewer, *asked.authors)}
    ):
        async for stretch in stretches(log, partition, ends[partition], epoch):
            for record, item in zip(*stretch, strict=True):
                ledger.take(*item.position, item.event)
                if item.event is not None and asked.concerns(item.event):
                    found.append((item.position, time_of(record), item.event))
    rule = why_absent(ledger, asked)
    served = await reader.shows(viewer, tweet)
    path = None if rule else await _path(views, asked, found)
    causes = [Cause(str(position), at, told(event)) for position, at, event in found]
    return Explanation(viewer, tweet, asked.author, rule is None, served, path, rule, causes)


async def _question(views: ServedViews, viewer: int, tweet: int) -> Question:
    body = (await views.tweets([tweet])).get(tweet)
    if body is None:
        raise NotFoundError(f"the views have never heard of tweet {tweet}")
    original = None
    if body.retweet_of is not None and body.retweet_of_author is not None:
        original = body.retweet_of, body.retweet_of_author
    return Question(viewer, tweet, body.author_id, original)


async def _path(
    views: ServedViews, asked: Question, found: list[tuple[Position, int, ev.Event]]
) -> str:
    """How the view brings a tweet that is due."""
    if asked.author == asked.viewer:
        return "own: a viewer's tweets are merged in at read"
    flagged = asked.author in (await views.celebrities()).tolist()
    here = Span(limit=1, above=asked.tweet - 1, below=asked.tweet + 1)
    rows = await views.timeline(asked.viewer, here)
    floor = await views.floor(asked.viewer)
    if rows.tweets.size and asked.tweet >= floor:
        return (
            "push: delivered when posted"
            if _posted_last(asked, found)
            else ("backfill: delivered when followed")
        )
    if flagged:
        return "celebrity merge: the author's list is merged in at read"
    if asked.tweet < floor:
        return f"below the floor {floor}: the author's list is read there"
    return _REPAIR


def _posted_last(asked: Question, found: list[tuple[Position, int, ev.Event]]) -> bool:
    """Whether the post came after the follow that stands: both are in the author's partition."""
    last = {
        type(event): position
        for position, _, event in found
        if (isinstance(event, ev.UserFollowed) and event.followee_id == asked.author)
        or (isinstance(event, ev.TweetPosted) and event.tweet_id == asked.tweet)
    }
    return last[ev.TweetPosted] > last[ev.UserFollowed]
