"""Every error of our own, in one tree. An instance's text says what happened and the way out.

`foldline.web.problems` maps the tree to HTTP; workers tell transient from final by it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class FoldlineError(Exception):
    """Root of the tree."""


class RefusedError(FoldlineError):
    """The caller asked for what can't be done. No event was appended."""


class Fault(NamedTuple):
    """One thing wrong with a request: a JSON pointer into it, and what is wrong there."""

    pointer: str
    detail: str


class InvalidError(RefusedError):
    """The request itself is malformed."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class UnauthenticatedError(RefusedError):
    """It is not known who is asking."""


class ForbiddenError(RefusedError):
    """The caller may not do this."""


class NotFoundError(RefusedError):
    """There is no such thing, or it is gone."""


class ConflictError(RefusedError):
    """The request contradicts what is."""


class UnsupportedMediaError(RefusedError):
    """The body is not of a type that this route takes."""


class KeyReusedError(RefusedError):
    """An idempotency key came again with another body."""


class LimitedError(RefusedError):
    """The caller asked for more than a budget allows. `after_s`: when it may ask again; `told`:
    headers that say more."""

    def __init__(self, detail: str, after_s: int, told: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.after_s = after_s
        self.told = told


class OverloadedError(FoldlineError):
    """More is asked of this process than it can do now; nothing was done."""


class UnavailableError(FoldlineError):
    """A part can't answer now; nothing was done, the same request may be repeated."""


class LogUnavailableError(UnavailableError):
    """The log can't take or give events; the event was certainly not appended."""


class ViewsUnavailableError(UnavailableError):
    """The views can't be read or written now. A write may have been applied in part: repeat it."""


class ControlUnavailableError(UnavailableError):
    """The control store can't answer now. A claim or reservation may stand or not: repeat it."""


class AppendUnknownError(FoldlineError):
    """The log did not say in time whether it has the event; it may land later. Repeat with the
    same idempotency key."""


class PoisonError(FoldlineError):
    """An event that can never be folded: it goes to the dead letters, its partition goes on."""


class UndecodableError(PoisonError):
    """The bytes are not an event that any version of the code has known."""


class WrongPartitionError(PoisonError):
    """The event lies in a partition that is not its key's."""


class NewerVersionError(FoldlineError):
    """The event is newer than this code: its partition halts until the worker is updated."""


class GapInLogError(FoldlineError):
    """An offset is missing between progress and the next event: it must be read again."""


class MisconfiguredError(FoldlineError):
    """The installation contradicts itself; starting would risk data."""
