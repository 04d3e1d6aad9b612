"""Access tokens: JSON Web Tokens, signed with a key of this installation.

The algorithm is pinned, so that no token can name another one (or none). A token that was verified
once is remembered until it expires: the signature of a hot one is not computed again.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import jwt

from foldline.caching.shelf import Shelf
from foldline.clock import Clock
from foldline.control.port import Role
from foldline.core.ids import MAX_ID
from foldline.errors import MisconfiguredError, UnauthenticatedError
from foldline.settings import Settings

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "foldline"
_KEY_BYTES: Final = 32
_REMEMBERED_MAX: Final = 100_000
_LENGTH_MAX: Final = 2_048
_REQUIRED: Final = ["exp", "iat", "iss", "sub", "typ", "role"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and as what."""

    user_id: int
    role: Role = "user"
    verified: bool = False


class Tokens:
    """Issues and verifies access tokens."""

    def __init__(self, key: bytes, ttl_s: int, clock: Clock) -> None:
        if len(key) < _KEY_BYTES:
            raise MisconfiguredError(f"the key of tokens must have {_KEY_BYTES} bytes or more")
        self._key = key
        self._ttl_s = ttl_s
        self._clock = clock
        self._known: Shelf[str, tuple[float, Identity]] = Shelf(_REMEMBERED_MAX, float("inf"))

    @property
    def ttl_s(self) -> int:
        """How long a token is good."""
        return self._ttl_s

    def issue(self, identity: Identity) -> str:
        """A token for this identity."""
        now_s = self._clock.now_ms() // 1000
        claims = {
            "iss": _ISSUER,
            "sub": str(identity.user_id),
            "typ": "access",
            "role": identity.role,
            "vrf": identity.verified,
            "iat": now_s,
            "exp": now_s + self._ttl_s,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, token: str) -> Identity:
        """Whose token it is; UnauthenticatedError for any that is not good now."""
        now_s = self._clock.now_ms() / 1000
        known = self._known.get(token, now_s)
        if known is not None:
            if known[0] <= now_s:
                raise UnauthenticatedError("the access token has expired")
            return known[1]
        expires_s, identity = self._read(token, now_s)
        self._known.put({token: (expires_s, identity)}, now_s)
        return identity

    def _read(self, token: str, now_s: float) -> tuple[float, Identity]:
        if len(token) > _LENGTH_MAX:
            raise UnauthenticatedError("this is not an access token of ours")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            expires_s = float(claims["exp"])
            user_id, role = int(claims["sub"]), claims["role"]
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise UnauthenticatedError("this is not an access token of ours") from error
        good = claims["typ"] == "access" and role in ("user", "admin") and 1 <= user_id <= MAX_ID
        if not good:
            raise UnauthenticatedError("this is not an access token of ours")
        if expires_s <= now_s:
            raise UnauthenticatedError("the access token has expired")
        return expires_s, Identity(user_id, role, claims.get("vrf") is True)


def key_of(settings: Settings) -> bytes:
    """The key that signs tokens: of the settings, or one that is made once and kept beside the
    data. Services on several machines must share one by the settings."""
    given = settings.jwt_secret.get_secret_value()
    if given:
        return given.encode()
    path = settings.data_dir / "jwt.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) < _KEY_BYTES:
        raise MisconfiguredError(f"{path} holds no key: put it back, or remove it")
    return key


def _make_key(path: Path) -> None:
    """Whole at once, whoever else does so or dies meanwhile: the first one stands."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name) as file:  # 0600
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(file.name)
