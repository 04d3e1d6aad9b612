"""Bearer tokens, sound ones and others, made without the service that checks them."""

import time
from collections.abc import Mapping
from typing import Any, Final

import jwt

from foldline.settings import Settings

LIFE_S: Final = 900
_FOREIGN: Final = "a key of somebody else, long enough to be taken for a real one"


def bearer(settings: Settings, user: int, role: str = "user", **claims: Any) -> Mapping[str, str]:
    """The header of a sound token, but for the claims that are given."""
    return _header(jwt.encode(_claims(settings, user, role) | claims, _key(settings), "HS256"))


def expired(settings: Settings, user: int) -> Mapping[str, str]:
    now = int(time.time())
    return bearer(settings, user, iat=now - 2 * LIFE_S, exp=now - LIFE_S)


def forged(settings: Settings, user: int) -> Mapping[str, str]:
    """Signed by another key, as an admin."""
    return _header(jwt.encode(_claims(settings, user, "admin"), _FOREIGN, "HS256"))


def unsigned(settings: Settings, user: int) -> Mapping[str, str]:
    """Of the algorithm `none`."""
    return _header(jwt.encode(_claims(settings, user, "admin"), "", "none"))


def of_another_algorithm(settings: Settings, user: int) -> Mapping[str, str]:
    """Signed by the right key in a way that is not the service's."""
    return _header(jwt.encode(_claims(settings, user, "user"), _key(settings), "HS512"))


def _claims(settings: Settings, user: int, role: str) -> dict[str, Any]:
    now = int(time.time())
    return {
        "sub": str(user),
        "role": role,
        "iat": now,
        "exp": now + LIFE_S,
        "typ": "access",
        "iss": "foldline",
    }


def _key(settings: Settings) -> str:
    return settings.jwt_secret.get_secret_value()


def _header(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
