"""Commands on accounts.

A username is claimed before its account's event is appended, and confirmed after. A claim whose
event was certainly not appended is given back at once; one whose fate is unknown is taken over
after a lease, unless its account has appeared in the views.
"""

from contextlib import suppress

from pydantic import Field

from foldline.control.port import Claim
from foldline.core.events import AccountCreated
from foldline.core.ids import time_ms
from foldline.errors import ConflictError, ControlUnavailableError, LogUnavailableError
from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import Input, Text, user_out
from ingest.commands import Commands


class UserIn(Input):
    """A new account."""

    username: str = Field(pattern=r"^[A-Za-z0-9_]{1,30}$")
    display_name: Text = Field(default="", max_length=50)
    bio: Text = Field(default="", max_length=160)


async def create_user(commands: Commands, call: Call[UserIn, None]) -> Answer:
    """Create an account under a username that nobody has, whatever the case."""
    wanted = call.body
    username = wanted.username.lower()
    user_id = commands.new_id()
    await _claim(commands, username, user_id)
    event = AccountCreated(user_id, username, wanted.display_name or wanted.username, wanted.bio)
    try:
        position = await commands.append(event)
    except LogUnavailableError:
        with suppress(ControlUnavailableError):  # then the lease gives the name back
            await commands.control.release_username(username, user_id)
        raise
    with suppress(ControlUnavailableError):  # then its account in the views keeps the name
        await commands.control.confirm_username(username, user_id)
    account = Account(
        user_id=user_id,
        username=username,
        display_name=event.display_name,
        bio=event.bio,
        created_at=time_ms(user_id),
        followers_count=0,
        tweets_count=0,
    )
    commands.standing.learn(account)
    return Answer(user_out(account, following_count=0), status=201, positions=[position])


async def _claim(commands: Commands, username: str, user_id: int) -> None:
    now = commands.clock.now_ms()
    claim = await commands.control.claim_username(username, user_id, now)
    if claim.user_id != user_id and await _abandoned(commands, claim):
        claim = await commands.control.claim_username(username, user_id, now, replacing=claim)
    if claim.user_id != user_id:
        raise ConflictError(f"the username {username!r} is taken")


async def _abandoned(commands: Commands, claim: Claim) -> bool:
    """Whether a claim's account was never created, and surely never will be."""
    age_ms = commands.clock.now_ms() - claim.claimed_at
    if claim.confirmed or age_ms < commands.settings.claim_lease_s * 1000:
        return False
    return claim.user_id not in await commands.views.accounts([claim.user_id])
