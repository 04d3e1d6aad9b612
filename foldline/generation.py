"""A generation: one whole set of views, folded from the log, beside which another can be built."""

from enum import StrEnum

from msgspec import Struct


class Generation(Struct, frozen=True):
    """Its number names it and is never used again; buckets and shards are fixed when it is made,
    and so is the `cap` of its backfills (0: as the settings say)."""

    number: int
    buckets: int
    follower_shards: int
    cap: int = 0


class Stage(StrEnum):
    """How far a generation has come that is built beside another."""

    REPLAYING = "replaying"  # all views but timelines, partition by partition
    FILLING = "filling"  # timelines, the newest tweets first
    CATCHING_UP = "catching up"  # what the log got meanwhile
    FOLLOWING = "following"  # kept current by the hosts of projectors
    CANCELLED = "cancelled"  # on its way out: nobody may use it any more
    DROPPED = "dropped"


UNFINISHED = (Stage.REPLAYING, Stage.FILLING, Stage.CATCHING_UP)


class Verdict(Struct, frozen=True):
    """What a verification found. `at`: ms since 1970; `upto`: where the log ended then; `users`:
    how many were compared, `everyone`: whether that was all; `unsettled`: of whom nothing can be
    said, since they changed at every look."""

    at: int
    upto: tuple[int, ...]
    users: int
    everyone: bool
    differences: int
    unsettled: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing speaks against the generation."""
        return not (self.differences or self.unsettled)


class Build(Struct, frozen=True):
    """The making of a generation, from the log up to `ends` (the next offset of each partition),
    and its life since. `pace`: the share of its time that it may work, 0 is a pause; `begun_at`: ms
    since 1970; `handed_over`: from where on the hosts keep it current; `instead_of`: the generation
    that was served before it, 0 if it never was; `revision` counts changes.
    """

    generation: Generation
    stage: Stage
    ends: tuple[int, ...]
    begun_at: int
    pace: float = 1.0
    handed_over: tuple[int, ...] = ()
    instead_of: int = 0
    verdict: Verdict | None = None
    revision: int = 0

    @property
    def number(self) -> int:
        return self.generation.number
