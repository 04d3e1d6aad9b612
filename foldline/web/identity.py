"""Who is asking: by a token of ours, or, where the settings trust it, by a header of a gateway."""

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from foldline.errors import UnauthenticatedError
from foldline.settings import Settings
from foldline.web.call import parse_id
from foldline.web.tokens import Identity, Tokens

USER_HEADER: Final = "X-User-ID"
ROLE_HEADER: Final = "X-User-Role"
VERIFIED_HEADER: Final = "X-User-Verified"
_BEARER: Final = "bearer "

Identify = Callable[[web.Request], Identity | None]
"""Who asks, None where nobody says so; UnauthenticatedError where what is said is not true."""


def identify_by(settings: Settings, tokens: Tokens) -> Identify:
    """How requests are identified under these settings."""

    def by_token(request: web.Request) -> Identity | None:
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header is None:
            return None
        if header[: len(_BEARER)].lower() != _BEARER:
            raise UnauthenticatedError("send `Authorization: Bearer <access token>`")
        return tokens.verify(header[len(_BEARER) :].strip())

    def by_header(request: web.Request) -> Identity | None:
        header = request.headers.get(USER_HEADER)
        if header is None:
            return by_token(request)
        user_id = parse_id(header)
        if user_id is None:
            raise UnauthenticatedError(f"{USER_HEADER} must be the id of an account")
        admin = request.headers.get(ROLE_HEADER) == "admin"
        verified = request.headers.get(VERIFIED_HEADER) == "true"
        return Identity(user_id, "admin" if admin else "user", verified)

    return by_header if settings.auth == "trusted-header" else by_token
