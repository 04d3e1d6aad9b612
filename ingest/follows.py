"""Commands on the graph.

A follow is appended also where the views say that it stands already: they may not yet know of an
unfollow that was acknowledged before.
"""

from pydantic import BaseModel

from foldline.core.events import UserFollowed, UserUnfollowed
from foldline.errors import ConflictError, ForbiddenError
from foldline.web.call import Answer, Call
from foldline.web.schemas import IdIn, Input
from ingest.commands import Commands


class FollowIn(Input):
    """Whom to follow; `follower_id` may repeat who asks."""

    follow_user_id: IdIn
    follower_id: IdIn | None = None


class FollowOut(BaseModel):
    """A follow that stands."""

    follower_id: str
    followee_id: str
    following: bool = True


async def follow(commands: Commands, call: Call[None, None]) -> Answer:
    """Follow the account in the path."""
    return await _follow(commands, call, call.id_in_path("user_id"))


async def follow_named(commands: Commands, call: Call[FollowIn, None]) -> Answer:
    """Follow the account in the body."""
    if call.body.follower_id not in (None, call.user):
        raise ForbiddenError("one follows in one's own name")
    return await _follow(commands, call, call.body.follow_user_id)


async def _follow(
    commands: Commands, call: Call[None, None] | Call[FollowIn, None], followee_id: int
) -> Answer:
    follower = await commands.caller(call)
    if follower.user_id == followee_id:
        raise ConflictError("no one follows themselves")
    followee = await commands.other(followee_id)
    follows_max = commands.settings.follows_max
    if not await commands.standing.has_room(follower.user_id, follows_max):
        raise ConflictError(f"an account follows at most {follows_max} others")
    position = await commands.append(UserFollowed(follower.user_id, followee.user_id))
    body = FollowOut(follower_id=str(follower.user_id), followee_id=str(followee.user_id))
    return Answer(body, status=201, positions=[position])


async def unfollow(commands: Commands, call: Call[None, None]) -> Answer:
    """Cease to follow the account in the path; ceasing again changes nothing."""
    follower = await commands.caller(call)
    followee = await commands.other(call.id_in_path("user_id"))
    position = await commands.append(UserUnfollowed(follower.user_id, followee.user_id))
    return Answer(status=204, positions=[position])
