"""Free loopback ports."""

import random
import socket
from collections.abc import Collection

from infra.engine import LOOPBACK, EngineError

# Below the range from which the kernel takes the near end of outgoing connections: an engine that
# is down for a while finds its port still free.
_FIRST, _LAST = 20_000, 32_000
_TRIES = 200


def free(port: int) -> bool:
    """True if nobody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: the remains of closed connections are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def pick(names: Collection[str], taken: Collection[int]) -> dict[str, int]:
    """A free port for each name, none of them in `taken`. Raises EngineError."""
    chosen: dict[str, int] = {}
    for candidate in random.sample(range(_FIRST, _LAST), _TRIES):
        if len(chosen) == len(names):
            break
        if candidate not in taken and free(candidate):
            chosen[next(name for name in names if name not in chosen)] = candidate
    if len(chosen) < len(names):
        raise EngineError(f"no free ports between {_FIRST} and {_LAST} on {LOOPBACK}")
    return chosen
