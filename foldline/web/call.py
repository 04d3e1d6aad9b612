"""A request that was validated, and the answer to it: all that a handler sees of HTTP."""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from foldline.core.ids import MAX_ID
from foldline.core.position import Position
from foldline.errors import NotFoundError, UnauthenticatedError

Body = TypeVar("Body", bound=BaseModel | None)
Query = TypeVar("Query", bound=BaseModel | None)


class Call(NamedTuple, Generic[Body, Query]):
    """`viewer` is who asks, if known; `after` the positions that the caller wants to see."""

    viewer: int | None
    path: Mapping[str, str]
    body: Body
    query: Query
    after: Sequence[Position]
    idempotency_key: str | None = None

    @property
    def user(self) -> int:
        """Who asks; UnauthenticatedError if that is not known."""
        if self.viewer is None:
            raise UnauthenticatedError("say who you are: send an access token")
        return self.viewer

    def id_in_path(self, name: str) -> int:
        """The id in the path; NotFoundError for what can't be one."""
        found = parse_id(self.path[name])
        if found is None:
            raise NotFoundError(f"{self.path[name]!r} is not an id")
        return found


class Answer(NamedTuple):
    """What a handler answers; `body` as bytes is JSON already. `positions`: of the events that the
    command made; `stale`: the read could not wait until all of `after` was folded."""

    body: BaseModel | bytes | None = None
    status: int = 200
    positions: Sequence[Position] = ()
    stale: bool = False


def parse_id(text: str) -> int | None:
    """The id in decimal digits, or None."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    value = int(text)
    return value if 1 <= value <= MAX_ID else None
