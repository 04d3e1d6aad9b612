"""Commands that keep another account away: blocks and mutes.

Each is appended also where it seems to stand already: the views may not yet know of its end.
"""

from foldline.core.events import UserBlocked, UserMuted, UserUnblocked, UserUnmuted
from foldline.errors import ConflictError
from foldline.web.call import Answer, Call
from ingest.commands import Commands
from ingest.repeated import ActIn, agree
from ingest.targets import relationship


async def block(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """Block an account: both follows end, and each is hidden from the other."""
    caller_id, other_id = await _pair(commands, call)
    before = await relationship(commands, caller_id, other_id)
    position = await commands.append(UserBlocked(caller_id, other_id))
    seen = await commands.seen(position, derived_for=caller_id)
    change = {"following": False, "followed_by": False, "blocking": True}
    body = before.model_copy(update=change)
    return Answer(body, positions=seen.positions, stale=not seen.fresh)


async def unblock(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """End a block. The follows that it ended stay so."""
    caller_id, other_id = await _pair(commands, call)
    position = await commands.append(UserUnblocked(caller_id, other_id))
    seen = await commands.seen(position, derived_for=caller_id)
    return Answer(status=204, positions=seen.positions, stale=not seen.fresh)


async def mute(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """Mute an account: its tweets leave the caller's home timeline."""
    caller_id, other_id = await _pair(commands, call)
    before = await relationship(commands, caller_id, other_id)
    position = await commands.append(UserMuted(caller_id, other_id))
    return Answer(before.model_copy(update={"muting": True}), positions=[position])


async def unmute(commands: Commands, call: Call[ActIn | None, None]) -> Answer:
    """End a mute."""
    caller_id, other_id = await _pair(commands, call)
    position = await commands.append(UserUnmuted(caller_id, other_id))
    return Answer(status=204, positions=[position])


async def _pair(commands: Commands, call: Call[ActIn | None, None]) -> tuple[int, int]:
    """Who commands, and whom it concerns."""
    caller = await commands.caller(call)
    other_id = call.id_in_path("user_id")
    if call.body is not None:
        agree(call.body.user_id, caller.user_id, other_id)
    other = await commands.other(other_id)
    if caller.user_id == other.user_id:
        raise ConflictError("no one blocks or mutes themselves")
    return caller.user_id, other.user_id
