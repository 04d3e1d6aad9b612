"""`foldline grant-admin`: who may do what an operator does."""

from foldline.errors import NotFoundError
from foldline.profiles import Profile


async def grant_admin(profile: Profile, username: str) -> int:
    """Make an account an administrator from its next login on; its id."""
    user_id = await profile.views.account_id(username.lower())
    if user_id is None:
        raise NotFoundError(f"there is no account named {username!r}")
    await profile.control.put_role(user_id, "admin")
    return user_id
