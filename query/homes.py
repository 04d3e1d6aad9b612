"""A viewer's newest page, out of this process's memory.

What is kept is not the page but what it is made of: the ids in their order, what the rules must
know of the viewer, and what the viewer likes and retweets of them; as long as, by the log, none of
that has changed. Bodies, authors and figures are looked up for each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from foldline.caching.kept import Kept
from foldline.caching.keys import Kind
from foldline.caching.memory import Memory
from query.entries import Entries
from query.hydrate import Marks, Shown, hydrate_held
from query.pages import Ask, Page, finished
from query.skeleton import Viewer


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """What the newest page of a timeline is made of; `entries` may be more than fit on it."""

    viewer: Viewer
    entries: Entries
    marks: Mapping[int, Marks]


class Homes:
    """The kept ones."""

    def __init__(self, memory: Memory, kept: Kept[Home]) -> None:
        self._memory: Final = memory
        self._kept: Final = kept

    @property
    def sequence(self) -> int:
        """To be looked at before anything of a page is read that may be kept."""
        return self._kept.sequence

    def page(self, user_id: int, ask: Ask) -> Page | None:
        """The newest page, if nothing must be waited for."""
        home = self._kept.get((user_id, ask.limit))
        if home is None:
            return None
        entries, shown = home.entries, list[Shown]()
        for part in (entries.part(0, ask.limit + 1), entries.part(ask.limit + 1, entries.ids.size)):
            more = hydrate_held(self._memory, home.viewer.viewpoint, part, home.marks)
            if more is None:
                return None
            shown += more
            if len(shown) > ask.limit:
                break
        return finished(ask, shown, entries.known_to)

    def keep(self, ask: Ask, home: Home, sequence: int) -> None:
        """Keep what a page was made of, all of it read after `sequence`."""
        viewer = home.viewer
        whose = np.array([viewer.user_id], dtype=np.int64)
        made_of = {
            Kind.NEWEST: np.append(viewer.following, viewer.user_id),
            Kind.FOLLOWING: whose,
            Kind.RESTRICTIONS: whose,
            Kind.LIKES: whose,
        }
        self._kept.keep((viewer.user_id, ask.limit), home, sequence, made_of)
