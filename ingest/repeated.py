"""Ids in a body that only repeat who asks, or what the path names. Where they name another, the
request contradicts itself, and it is refused."""

from foldline.errors import ForbiddenError
from foldline.web.schemas import IdIn, Input


class ActIn(Input):
    """What is done stands in the path; `user_id` may repeat who does it, or to whom."""

    user_id: IdIn | None = None


def agree(named: int | None, *known: int) -> None:
    """ForbiddenError if an id is given that is none of the known ones."""
    if named is not None and named not in known:
        raise ForbiddenError(f"{named} is not the account that this request is about")
