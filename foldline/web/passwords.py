"""Passwords: argon2, in threads of its own, so that guessing never holds up the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from foldline.errors import OverloadedError

_THREADS: Final = 2
_WAITING_MAX: Final = 64


class Passwords:
    """Hashes and checks passwords, a few at a time; OverloadedError when too many wait."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(_THREADS, "passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await self._run(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Without a hash the work is the same, and the answer no."""
        if password_hash is None:
            if self._nobodys is None:
                self._nobodys = await self.hash("nobody's")
            await self._run(self._verify, self._nobodys, password)
            return False
        return await self._run(self._verify, password_hash, password) == "yes"

    def _verify(self, password_hash: str, password: str) -> str:
        try:
            self._hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return "no"
        return "yes"

    async def _run(self, work: Callable[..., str], *values: str) -> str:
        if self._waiting >= _WAITING_MAX:
            raise OverloadedError("too many passwords are being checked; try again")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *values)
        finally:
            self._waiting -= 1
