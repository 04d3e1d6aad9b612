"""The making of accounts: the name is claimed first, the event appended last."""

from pydantic import Field

from foldline.core.events import AccountCreated
from foldline.core.ids import time_ms
from foldline.errors import UnavailableError
from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import Input, Text, user_out
from ingest import names
from ingest.commands import Commands


class UserIn(Input):
    """A new account; without a password nobody can log in to it."""

    username: str = Field(pattern=r"^[A-Za-z0-9_]{1,30}$")
    display_name: Text = Field(default="", max_length=50)
    bio: Text = Field(default="", max_length=160)
    password: str | None = Field(default=None, min_length=8, max_length=128, repr=False)


async def create_user(commands: Commands, call: Call[UserIn, None]) -> Answer:
    """Create an account under a username that nobody has, whatever the case."""
    wanted = call.body
    username = wanted.username.lower()
    user_id = commands.new_id()
    password_hash = None
    if wanted.password is not None:
        password_hash = await commands.passwords.hash(wanted.password)
    await names.claim(commands, username, user_id)
    event = AccountCreated(user_id, username, wanted.display_name or wanted.username, wanted.bio)
    try:
        if password_hash is not None:  # of an account that does not come to be it opens nothing
            await commands.control.put_password(user_id, password_hash)
        position = await commands.append(event)
    except UnavailableError:
        await names.give_back(commands, username, user_id)
        raise
    await names.confirm(commands, username, user_id)
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
