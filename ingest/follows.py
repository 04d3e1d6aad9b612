"""Commands on the graph.

A follow is appended also where the views say that it stands already: they may not yet know of an
unfollow that was acknowledged before.
"""

from functools import partial

from pydantic import BaseModel

from foldline.core.events import UserFollowed, UserUnfollowed
from foldline.core.ids import IntArray
from foldline.errors import ConflictError
from foldline.web.call import Answer, Call
from foldline.web.schemas import IdIn
from ingest.commands import Commands
from ingest.repeated import ActIn, agree
from ingest.targets import no_block_between


class FollowPathIn(ActIn):
    """`follower_id` may repeat who asks, and `followee_id` whom the path names."""

    follower_id: IdIn | None = None
    followee_id: IdIn | None = None


class FollowIn(FollowPathIn):
    """Whom to follow; the other fields may repeat it, or who asks."""

    follow_user_id: IdIn


class FollowOut(BaseModel):
    """A follow that stands."""

    follower_id: str
    followee_id: str
    following: bool = True


async def follow(commands: Commands, call: Call[FollowPathIn, None] | Call[None, None]) -> Answer:
    """Follow the account in the path."""
    return await _follow(commands, call, call.id_in_path("user_id"))


async def follow_named(commands: Commands, call: Call[FollowIn, None]) -> Answer:
    """Follow the account in the body."""
    return await _follow(commands, call, call.body.follow_user_id)


async def _follow(
    commands: Commands,
    call: Call[FollowPathIn, None] | Call[FollowIn, None] | Call[None, None],
    followee_id: int,
) -> Answer:
    follower_id = (await commands.caller(call)).user_id
    if call.body is not None:
        agree(call.body.user_id, follower_id, followee_id)
        agree(call.body.follower_id, follower_id)
        agree(call.body.followee_id, followee_id)
    await commands.other(followee_id)
    if follower_id == followee_id:
        raise ConflictError("no one follows themselves")
    await no_block_between(commands, follower_id, [followee_id])
    known = partial(commands.views.following, follower_id)
    certain = partial(_following_for_certain, commands, follower_id)
    most = commands.settings.follows_max
    async with commands.room.one_more(follower_id, followee_id, most, known, certain):
        position = await commands.append(UserFollowed(follower_id, followee_id))
    body = FollowOut(follower_id=str(follower_id), followee_id=str(followee_id))
    return Answer(body, status=201, positions=[position])


async def unfollow(commands: Commands, call: Call[None, None]) -> Answer:
    """Cease to follow the account in the path; ceasing again changes nothing."""
    follower = await commands.caller(call)
    followee = await commands.other(call.id_in_path("user_id"))
    position = await commands.append(UserUnfollowed(follower.user_id, followee.user_id))
    return Answer(status=204, positions=[position])


async def _following_for_certain(commands: Commands, user_id: int) -> IntArray:
    """Follows lie in the partitions of the followees: in any."""
    await commands.caught_up(range(commands.log.partitions))
    return await commands.views.following(user_id)
