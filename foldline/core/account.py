"""What an account is: its profile, and whether it may act and be seen."""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from foldline.core import events as ev
from foldline.core.effects import PutAccount
from foldline.core.ids import time_ms


class Profile(Struct, frozen=True):
    """An account as its own partition knows it. `closed_at`: the stamp of its deletion."""

    username: str
    display_name: str
    bio: str
    verified: bool = False
    suspended: bool = False
    closed_at: int | None = None

    def after(self, event: ev.OfAccount, stamp: int) -> "Profile":
        """The profile after an event on the account that is not its creation."""
        match event:
            case ev.AccountUpdated(display_name=display_name, bio=bio):
                return replace(
                    self,
                    display_name=self.display_name if display_name is None else display_name,
                    bio=self.bio if bio is None else bio,
                )
            case ev.AccountDeleted():
                return replace(self, display_name="", bio="", verified=False, closed_at=stamp)
            case _:
                return replace(self, **_CHANGES[type(event)])

    def put(self, account_id: int, stamp: int) -> PutAccount:
        """The effect that writes it."""
        return PutAccount(
            user_id=account_id,
            username=self.username,
            display_name=self.display_name,
            bio=self.bio,
            created_at=time_ms(account_id),
            stamp=stamp,
            verified=self.verified,
            suspended=self.suspended,
            closed_at=self.closed_at,
        )


_CHANGES: Final[dict[type[ev.Event], dict[str, Any]]] = {
    ev.AccountSuspended: {"suspended": True},
    ev.AccountReinstated: {"suspended": False},
    ev.AccountVerified: {"verified": True},
}
