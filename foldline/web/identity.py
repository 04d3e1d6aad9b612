"""Who is asking. So far by a trusted header only: a gateway in front must set it."""

from typing import Final

from aiohttp import web

from foldline.errors import UnauthenticatedError
from foldline.web.call import parse_id

USER_HEADER: Final = "X-User-ID"


def viewer_of(request: web.Request) -> int | None:
    """The account in the trusted header, None without one; UnauthenticatedError if it is no id."""
    header = request.headers.get(USER_HEADER)
    if header is None:
        return None
    viewer = parse_id(header)
    if viewer is None:
        raise UnauthenticatedError(f"{USER_HEADER} must be the id of an account")
    return viewer
