"""How a worker ends, and what each exit code says."""

import os
import sys
from enum import IntEnum
from typing import NoReturn

import structlog

_logger = structlog.get_logger()


class Exit(IntEnum):
    """Exit codes of `foldline worker --lone`. The supervisor starts it again after all but the
    first and the last."""

    STOPPED = 0
    LOCKED = 2  # another process has this instance id
    UNAVAILABLE = 69  # the log or a store did not answer at the start
    UNEXPECTED = 70
    CANCELLED = 72
    CRASHED = 73  # a part of Faust gave up
    GAP = 74
    MISCONFIGURED = 78


def leave(code: Exit, why: str) -> NoReturn:
    """End the process on the spot. Whatever were cancelled or closed first would count what is in
    hand as done, and commit past it."""
    _logger.critical("worker leaves", code=int(code), reason=code.name.lower(), why=why)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
