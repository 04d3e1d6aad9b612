"""An operator's commands on accounts. An act is appended also where it seems to stand already: the
views may not yet know that it ended."""

from dataclasses import replace

from foldline.core.events import AccountReinstated, AccountSuspended, AccountVerified, Event
from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import user_out
from ingest.commands import Commands


async def suspend(commands: Commands, call: Call[None, None]) -> Answer:
    """Suspend an account: its commands are refused, and its tweets are shown to nobody."""
    account = await _named(commands, call)
    after = replace(account, suspended=True)
    return await _become(commands, after, AccountSuspended(account.user_id))


async def reinstate(commands: Commands, call: Call[None, None]) -> Answer:
    """End an account's suspension: its tweets come back."""
    account = await _named(commands, call)
    after = replace(account, suspended=False)
    return await _become(commands, after, AccountReinstated(account.user_id))


async def verify(commands: Commands, call: Call[None, None]) -> Answer:
    """Say that an account is who it says it is."""
    account = await _named(commands, call)
    after = replace(account, verified=True)
    return await _become(commands, after, AccountVerified(account.user_id))


async def _named(commands: Commands, call: Call[None, None]) -> Account:
    return await commands.other(call.id_in_path("user_id"))


async def _become(commands: Commands, after: Account, event: Event) -> Answer:
    following = await commands.views.following(after.user_id)
    position = await commands.append(event)
    commands.standing.learn(after)
    return Answer(user_out(after, int(following.size)), positions=[position])
