"""The port of the shared cache: bytes by key, between the readers' own memory and the store.

A cache is never asked for the truth, so nothing here raises: whatever goes wrong is a miss, soon.
What matters is that it gives no value that a drop has overtaken. A value read from the store before
a drop may come to be kept after it, by another process too. So the right to keep a value is a
lease, given with a miss and before the store is read; a drop ends the leases of its keys.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Found:
    """Values by key, and the right to keep those that are missing; None: there is none."""

    values: dict[str, bytes] = field(default_factory=dict)
    lease: bytes | None = None


class Cache(Protocol):
    """A bounded cache that may be shared by many processes.

    Nothing raises, and nothing takes much longer than the adapter's time-out. For one event loop.
    """

    async def get_many(self, keys: Sequence[str]) -> Found:
        """What is kept under `keys`. A value is given only if its lease is younger than this
        object, than its last `forget`, and than every `drop_many` of its key that has returned
        here, whether the drop got through or not."""

    async def set_many(self, values: Mapping[str, bytes], lease: bytes, ttl_s: float) -> None:
        """Keep `values`, for at most `ttl_s`: each only if `get_many` missed it as it gave `lease`,
        not long ago, and nobody dropped it since. What is kept may be lost at any time."""

    async def drop_many(self, keys: Collection[str]) -> None:
        """Keep nothing under `keys`, for anybody, and end their leases."""

    def forget(self) -> None:
        """Give nothing that was kept before, to this object."""

    async def close(self) -> None:
        """Give back what is held. Idempotent."""
