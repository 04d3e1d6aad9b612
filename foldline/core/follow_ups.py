"""What follows from an event beyond its own partition: events to be appended before progress passes
their cause. Like effects they are values; unlike them they are not written into the views."""

from dataclasses import dataclass

from foldline.core.events import Event


@dataclass(frozen=True, slots=True)
class Derive:
    """An event of another partition that follows."""

    event: Event


@dataclass(frozen=True, slots=True)
class UndoIfDeleted:
    """Once all rows are durable: if the account is deleted, its act is undone by `event`. The end
    of an account looks for its acts after it is durable itself, so one of the two sees the other.
    """

    account_id: int
    event: Event


@dataclass(frozen=True, slots=True)
class EndActs:
    """Once all rows are durable: all that a deleted account did to others is undone."""

    account_id: int


FollowUp = Derive | UndoIfDeleted | EndActs
