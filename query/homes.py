"""What newest pages are made of, brought up to date from the log instead of read anew.

Of a viewer is kept which entries are the newest, whom the viewer follows, and what the viewer did
with them. When one of the followed posts, the bus has heard that, and the tweet goes before the
others; a tweet of after the last look is none that the viewer has liked or retweeted, as the bus
would have heard of that too. Whatever else happens to the list makes it be read anew. What happens
to bodies does not touch it: these are looked at for each page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from cachetools import LRUCache

from foldline.caching.bus import Bus
from foldline.caching.keys import Kind
from foldline.core.ids import IntArray
from foldline.telemetry import CACHE_READS
from foldline.views.port import ServedViews
from query.entries import Entries
from query.hydrate import Marks, Shown, posts_of
from query.pages import Ask, Page, finished
from query.skeleton import Viewer

OWN: Final = (Kind.FOLLOWING, Kind.RESTRICTIONS, Kind.LIKES, Kind.NEWEST)
"""The kinds of a viewer's own values that a page is made of."""
_ENTRIES: Final = 128
_NO_MARKS: Final = Marks()


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """`entries` are the newest, as of the bus's `sequence`. `marks`: of those that were shown;
    `fresh`: those posted since, which the viewer did nothing with. `own` and `theirs`: where the
    changes of the viewer's sets are noted, and those of what each of the followed posts."""

    viewer: Viewer
    entries: Entries
    marks: Mapping[int, Marks]
    fresh: frozenset[int]
    sequence: int
    own: IntArray
    theirs: IntArray


class Homes:
    """The kept ones, of at most so many viewers."""

    def __init__(self, views: ServedViews, bus: Bus, most: int) -> None:
        self._views = views
        self._bus = bus
        self._held: LRUCache[int, Home] = LRUCache(most)
        self._hits, self._misses = (
            CACHE_READS.labels("home", "memory", outcome) for outcome in ("hit", "miss")
        )

    @property
    def sequence(self) -> int:
        """To be looked at before anything is read for what is kept."""
        return self._bus.sequence

    async def page(self, user_id: int, ask: Ask) -> tuple[Page, Viewer] | None:
        """The newest page, if it can be made of what is kept."""
        found = await self._page(user_id, ask)
        (self._misses if found is None else self._hits).inc()
        return found

    def keep(self, viewer: Viewer, entries: Entries, page: Page, sequence: int) -> None:
        """Keep what a page was made of, all of it read after the bus was at `sequence`."""
        user, slots = viewer.user_id, self._bus.versions.slots
        self._held[user] = Home(
            viewer,
            _newest(entries),
            {each.post.shown.tweet_id: Marks(each.liked, each.retweeted) for each in page.shown},
            frozenset(),
            sequence,
            slots((kind, user) for kind in OWN),
            slots((Kind.NEWEST, each) for each in viewer.following.tolist()),
        )

    async def _page(self, user_id: int, ask: Ask) -> tuple[Page, Viewer] | None:
        home = self._current(user_id)
        if home is None:
            return None
        account = (await self._views.accounts([user_id])).get(user_id)
        if account is None or account.deleted:
            return None
        part = home.entries.part(0, ask.limit + 1)
        shown: list[Shown] = []
        for post, counts in await posts_of(self._views, home.viewer.viewpoint, part):
            tweet_id = post.shown.tweet_id
            marks = home.marks.get(tweet_id)
            if marks is None and tweet_id in home.fresh:
                marks = _NO_MARKS
            if marks is None and len(shown) < ask.limit:
                return None
            shown.append(Shown(post, counts, *(marks or _NO_MARKS)))
        whole = home.entries.ids.size <= part.ids.size
        page = finished(ask, shown, home.entries.known_to if whole else int(part.ids[-1]))
        return None if page is None else (page, home.viewer)

    def _current(self, user_id: int) -> Home | None:
        """What is kept, with what was posted since."""
        bus = self._bus
        home = self._held.get(user_id)
        if home is None or not bus.usable:
            return None
        if home.sequence == bus.sequence:
            return home
        if bus.versions.changed_since(home.sequence, home.own):
            return None
        authors = home.viewer.following[bus.versions.changed_among(home.sequence, home.theirs)]
        posted: dict[int, int] = {}
        for author_id in authors.tolist():
            tweets = bus.posts.since(author_id, home.sequence)
            if tweets is None:
                return None
            posted.update(dict.fromkeys(tweets, author_id))
        home = _with(home, posted, bus.sequence)
        self._held[user_id] = home
        return home


def _with(home: Home, posted: Mapping[int, int], sequence: int) -> Home:
    known_to = home.entries.known_to
    known = home.entries.ids
    new = [
        tweet_id
        for tweet_id in posted
        if (known_to is None or tweet_id > known_to) and tweet_id not in known
    ]
    if not new:
        return replace(home, sequence=sequence)
    ids = np.concatenate([np.array(new, dtype=np.int64), known])
    owners = np.concatenate([[posted[tweet_id] for tweet_id in new], home.entries.owners])
    order = np.argsort(ids)[::-1]
    entries = _newest(Entries(ids[order], owners[order], known_to))
    fresh = home.fresh.union(new).intersection(entries.ids.tolist())
    return replace(home, entries=entries, fresh=fresh, sequence=sequence)


def _newest(entries: Entries) -> Entries:
    if entries.ids.size <= _ENTRIES:
        return entries
    return replace(entries.part(0, _ENTRIES), known_to=int(entries.ids[_ENTRIES - 1]))
