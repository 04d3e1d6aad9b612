"""`foldline dead-letters`: what could not be folded, and giving it another try.

A replay appends a copy of the event to the partition that its key belongs in, so it is folded in
the log's order like any other. What can't even be read can't be replayed, until newer code can.
"""

from collections.abc import Mapping

import msgspec

from foldline.appends import append
from foldline.core.codec import Codec
from foldline.core.position import Position
from foldline.errors import InvalidError, NewerVersionError, NotFoundError, PoisonError
from foldline.profiles import Profile
from foldline.views.port import DeadLetter, Views

_PAGE = 500


async def letters(views: Views, limit: int) -> list[DeadLetter]:
    """The first `limit` dead letters, by partition and offset."""
    found: list[DeadLetter] = []
    while len(found) < limit:
        after = found[-1].position if found else None
        page = await views.dead_letters(after, min(_PAGE, limit - len(found)))
        if not page:
            break
        found += page
    return found


async def letter(profile: Profile, at: Position) -> DeadLetter:
    """One dead letter; NotFoundError where there is none."""
    found = await profile.views.dead_letter(at)
    if found is None:
        raise NotFoundError(f"there is no dead letter at {at}")
    return found


async def replay(profile: Profile, at: Position) -> Position:
    """Append a copy of a dead letter's event. Where it stands now."""
    found = await letter(profile, at)
    try:
        envelope = Codec().decode(found.value)
    except (PoisonError, NewerVersionError) as error:
        raise InvalidError(f"{at} can't be replayed by this version: {error}") from error
    position = await append(profile.log, envelope, "dead-letters")
    await profile.views.mark_replayed(at, position)
    return position


def as_json(found: DeadLetter) -> Mapping[str, object]:
    """A dead letter for programs: its bytes as hex, its event where that can be read."""
    try:
        event = msgspec.to_builtins(Codec().decode(found.value))
    except (PoisonError, NewerVersionError):
        event = None
    return {
        "position": str(found.position),
        "error": found.error,
        "value": None if found.value is None else found.value.hex(),
        "event": event,
        "replayed_to": [str(position) for position in found.replayed_to],
    }
