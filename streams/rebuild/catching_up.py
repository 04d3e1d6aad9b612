"""The last pass: what the log got meanwhile, folded like by any projector, up to a small rest.

Nothing is derived: the hosts of the generation that is served do that. From the hand-over on each
generation has hosts that derive; to hear a thing twice is to hear it once.
"""

from typing import Final

from foldline.clock import SystemClock
from foldline.generation import Build
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import DeadLetters, Views
from streams.instance import folding
from streams.projector import Projector
from streams.rebuild.notes import Folder, Pacer

_WAIT_S: Final = 0.2
_REST: Final = 500  # events behind the log when it is handed over
_PAGE: Final = 500
PART: Final = "catch-up"


async def catch_up(
    log: EventLog, views: Views, settings: Settings, build: Build, folder: Folder
) -> tuple[int, ...]:
    """Fold on from where the build ends; the next offset of each partition when it is close to the
    log's end."""
    pacer = Pacer(folder)
    await views.apply([], dict(enumerate(build.ends)))
    own = folding(settings, build.generation)
    projector = Projector(log, views, own, SystemClock(), deriving=False)
    await projector.assign(range(log.partitions))
    reader = await log.reader(projector.progress)
    try:
        while True:
            records = await reader.take(own.batch_events, _WAIT_S)
            await projector.apply(records)
            at, ends = projector.progress, await log.ends()
            folder.note(PART, sum(at.values()))
            if sum(ends) - sum(at.values()) <= _REST:
                break
            await pacer.rest()
        await projector.stop()
        return tuple(projector.progress[p] for p in range(log.partitions))
    finally:
        await reader.close()


async def copy_replays(served: DeadLetters, built: DeadLetters) -> None:
    """Which dead letters were replayed is known to the views alone."""
    last = None
    while letters := await served.dead_letters(last, _PAGE):
        last = letters[-1].position
        for letter in letters:
            for copy in letter.replayed_to:
                await built.mark_replayed(letter.position, copy)
