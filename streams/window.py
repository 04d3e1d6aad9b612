"""Parts of the log's stream on their way into the views, several at once.

The rows of a part go to the store as soon as there is room, whether or not the parts before it are
done: stamps put them in order. Progress does wait, partition by partition: it passes an offset when
everything up to there is durable. So the store has work while the next batch is folded, and a tweet
to a million followers holds up the progress of its own partition, not the timelines of others.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from foldline.core.deliveries import tiles
from foldline.core.effects import Deliver, Effect, Retract, newest_counts
from foldline.core.follow_ups import Derive, FollowUp
from foldline.sizing import PARTS_WRITTEN
from foldline.views.port import FoldedViews
from streams.audiences import Engaged, Known
from streams.follow_ups import Due
from streams.sift import Entry, Poison

_LONG_MAX: Final = 8  # of more rows than a part has: they wait apart, and are written one by one


class Steadily(Protocol):
    """Repeats a call for as long as its store can't answer."""

    async def __call__(self, call: Callable[[], Awaitable[None]]) -> None: ...


@dataclass(slots=True)
class Part:
    """A stretch of the stream that is written as one. `rows`: of timelines; `progress`: the next
    offset of each partition behind it; `last`: author → the newest event of it, and what that made
    of the audience in `known`; `engaged`: the same of tweets; `due`: what follows at once, `late`:
    what follows once the rows are durable."""

    effects: list[Effect] = field(default_factory=list)
    rows: int = 0
    progress: dict[int, int] = field(default_factory=dict)
    last: dict[int, Entry] = field(default_factory=dict)
    known: dict[int, Known] = field(default_factory=dict)
    engaged: dict[int, Engaged] = field(default_factory=dict)
    due: list[Due] = field(default_factory=list)
    late: list[Due] = field(default_factory=list)

    def add(
        self,
        item: Entry | Poison,
        effects: Sequence[Effect],
        rows: int,
        follow_ups: Sequence[FollowUp],
        state: Known | Engaged | None,
    ) -> None:
        """Put the next item of the stream into it. `state`: what it made of the state it is folded
        into."""
        self.effects += effects
        self.rows += rows
        self.progress[item.position.partition] = item.position.offset + 1
        if isinstance(state, Engaged):
            self.engaged[state.key] = state
        elif isinstance(item, Entry) and state is not None:
            self.last[state.key], self.known[state.key] = item, state
        if isinstance(item, Entry):
            for follow_up in follow_ups:
                at_once = isinstance(follow_up, Derive)
                (self.due if at_once else self.late).append(Due(follow_up, item))


@dataclass(slots=True)
class _Stretch:
    """What a part has of one partition."""

    end: int
    durable: bool = False


class Window:
    """Writes parts. After an error it must not be used again: every call raises it."""

    def __init__(
        self,
        views: FoldedViews,
        steadily: Steadily,
        rows_max: int,
        settle: Callable[[Part], Awaitable[None]],
        written: Callable[[Part], Awaitable[None]],
    ) -> None:
        """`rows_max`: more are written in slices; `settle` is awaited when the rows of a part with
        late follow-ups are durable, and before progress passes it; `written` after that."""
        self.progress: dict[int, int] = {}
        self._views = views
        self._steadily = steadily
        self._rows_max = rows_max
        self._settle = settle
        self._written = written
        self._room = asyncio.Semaphore(PARTS_WRITTEN)
        self._room_for_long = asyncio.Semaphore(_LONG_MAX)
        self._turn_of_long = asyncio.Lock()
        self._chains: dict[int, deque[_Stretch]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._short: set[asyncio.Task[None]] = set()
        self._failed = asyncio.Event()
        self._error: BaseException | None = None

    def begin(self, progress: Mapping[int, int]) -> None:
        """Go on from there, with nothing in hand."""
        self.progress = dict(progress)
        self._chains = {partition: deque() for partition in progress}

    async def quiet(self) -> None:
        """Wait until no part is being written but long ones."""
        while self._short:
            await asyncio.wait(self._short)

    async def put(self, part: Part) -> None:
        """Begin to write a part, when there is room."""
        long = part.rows > self._rows_max
        room = self._room_for_long if long else self._room
        await room.acquire()
        self.check()
        stretches = {partition: _Stretch(end) for partition, end in part.progress.items()}
        for partition, stretch in stretches.items():
            self._chains[partition].append(stretch)
        writing = asyncio.create_task(self._write(part, stretches))
        self._writing.add(writing)
        if not long:
            self._short.add(writing)

        def over(task: asyncio.Task[None]) -> None:
            self._writing.discard(task)
            self._short.discard(task)
            room.release()
            if not task.cancelled() and (error := task.exception()):
                self._error = error
                self._failed.set()

        writing.add_done_callback(over)

    async def drain(self) -> None:
        """Wait until all is durable."""
        while self._writing:
            await asyncio.wait(self._writing)
        self.check()

    def check(self) -> None:
        """Raise what a part failed with."""
        if self._error is not None:
            raise self._error

    async def failure(self) -> None:
        """Wait until a part fails, and raise its error."""
        await self._failed.wait()
        self.check()

    async def _write(self, part: Part, stretches: Mapping[int, _Stretch]) -> None:
        rest = newest_counts(part.effects)
        if part.rows > self._rows_max:
            async with self._turn_of_long:
                for tile in tiles(rest, self._rows_max):
                    await self._steadily(partial(self._views.apply, [tile], {}))
            rest = [effect for effect in rest if not isinstance(effect, Deliver | Retract)]
        first = all(self._chains[p][0] is stretch for p, stretch in stretches.items())
        at_once = first and not part.late
        await self._steadily(partial(self._views.apply, rest, part.progress if at_once else {}))
        if part.late:
            await self._settle(part)
        for stretch in stretches.values():
            stretch.durable = True
        await self._advance(part.progress, stands=at_once)
        await self._written(part)

    async def _advance(self, behind: Mapping[int, int], *, stands: bool) -> None:
        """Let progress pass all that is durable without a hole. `stands`: `behind` is written."""
        passed: dict[int, int] = {}
        for partition in behind:
            chain = self._chains[partition]
            while chain and chain[0].durable:
                passed[partition] = chain.popleft().end
        unwritten = {p: end for p, end in passed.items() if not stands or end > behind[p]}
        if unwritten:
            await self._steadily(partial(self._views.apply, [], unwritten))
        for partition, end in passed.items():
            self.progress[partition] = max(end, self.progress[partition])
