"""Commands on one's own account: its profile, and its end."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from foldline.core.events import AccountDeleted, AccountUpdated
from foldline.core.position import stamp_of
from foldline.errors import ForbiddenError
from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import IdIn, Input, Text, user_out
from ingest import names
from ingest.commands import Commands
from ingest.repeated import agree


class ChangeIn(Input):
    """What changes of a profile; `user_id` may repeat whose it is."""

    display_name: Text = Field(default="", max_length=50)
    bio: Text = Field(default="", max_length=160)
    user_id: IdIn | None = None


class ProfileIn(Input):
    """A profile whole; `user_id` may repeat whose it is."""

    display_name: Text = Field(max_length=50)
    bio: Text = Field(max_length=160)
    user_id: IdIn | None = None


async def change_user(commands: Commands, call: Call[ChangeIn, None]) -> Answer:
    """Change what is given of one's own profile."""
    account = await _own(commands, call)
    wanted = call.body
    given = wanted.model_fields_set
    display_name = wanted.display_name if "display_name" in given else None
    bio = wanted.bio if "bio" in given else None
    return await _update(commands, account, display_name, bio)


async def replace_user(commands: Commands, call: Call[ProfileIn, None]) -> Answer:
    """Replace one's own profile."""
    account = await _own(commands, call)
    return await _update(commands, account, call.body.display_name, call.body.bio)


async def delete_user(commands: Commands, call: Call[None, None]) -> Answer:
    """Delete one's own account, for ever. Its name is free again after a while."""
    account = await _own(commands, call)
    position = await commands.append(AccountDeleted(account.user_id))
    commands.standing.learn(replace(account, closed_at=stamp_of(position.offset)))
    await names.retire(commands, account.username, account.user_id)
    return Answer(status=204, positions=[position])


async def _own(commands: Commands, call: Call[Any, None]) -> Account:
    """The account in the path, which must be the caller's."""
    caller = await commands.caller(call)
    account = await commands.other(call.id_in_path("user_id"))
    if account.user_id != caller.user_id:
        raise ForbiddenError("an account is its owner's alone")
    if call.body is not None:
        agree(call.body.user_id, account.user_id)
    return account


async def _update(
    commands: Commands, account: Account, display_name: str | None, bio: str | None
) -> Answer:
    """The account with what is given; without a name it is shown by its username."""
    if display_name is not None:
        display_name = display_name or account.username
    following = await commands.views.following(account.user_id)
    if display_name is None and bio is None:
        position = await commands.newest(account.user_id)
    else:
        position = await commands.append(AccountUpdated(account.user_id, display_name, bio))
    after = replace(
        account,
        display_name=account.display_name if display_name is None else display_name,
        bio=account.bio if bio is None else bio,
    )
    commands.standing.learn(after)
    return Answer(user_out(after, int(following.size)), positions=[position])
