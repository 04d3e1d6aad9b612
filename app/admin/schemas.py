"""Bodies of the operators' API. Ids are strings of decimal digits, times RFC 3339 UTC; generations
and offsets are numbers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from foldline.core.scope import VIEWS
from foldline.web.schemas import IdIn, Input

_NAMES_MAX: Final = 100
_LIMIT_MAX: Final = 1_000


def _as_view(name: str) -> str:
    if name not in VIEWS:
        raise ValueError(f"is none of {', '.join(VIEWS)}")
    return name


ViewIn = Annotated[str, AfterValidator(_as_view), Field(json_schema_extra={"enum": list(VIEWS)})]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC)),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class _Body(Input):
    model_config = ConfigDict(strict=True)


class ShapeIn(_Body):
    """What is to differ from the generation that is served; 0: nothing."""

    buckets: int = Field(default=0, ge=0, le=65_536)
    follower_shards: int = Field(default=0, ge=0, le=256)
    cap: int = Field(default=0, ge=0, le=1_000_000)


class PaceIn(_Body):
    """The share of its time that a rebuild may work; 0 is a pause."""

    pace: float = Field(ge=0, le=1)


class VerifyIn(_Body):
    """How many accounts are compared, drawn at random; everyone, if that is left out."""

    sample: int | None = Field(default=None, ge=1, le=1_000_000_000)


class ForceIn(_Body):
    """Whether to do it whatever speaks against it."""

    force: bool = False


class RepairIn(_Body):
    """What is written anew: of some accounts, of some authors also in their followers' timelines;
    one view; tweets of a time."""

    users: list[IdIn] = Field(default=[], max_length=_NAMES_MAX)
    authors: list[IdIn] = Field(default=[], max_length=_NAMES_MAX)
    view: ViewIn | None = None
    since: Moment | None = None
    until: Moment | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _scoped(self) -> "RepairIn":
        if not (self.users or self.authors or self.view or self.since or self.until):
            raise ValueError("name a scope; for everything there are rebuilds")
        return self


class AuditIn(_Body):
    """How many accounts are looked at, and whether what differs is repaired."""

    accounts: int = Field(default=50, ge=1, le=10_000)
    repair: bool = True


class ExplainQuery(Input):
    """A viewer, and the tweet that is or is not in their home timeline."""

    user_id: IdIn
    tweet_id: IdIn


class AsOfQuery(Input):
    """Whose home timeline, and when: a time (ISO 8601) or positions (`3-512,0-77`)."""

    user_id: IdIn
    as_of: str | None = Field(default=None, max_length=4_096)
    limit: int = Field(default=20, ge=1, le=_LIMIT_MAX)


class LettersQuery(Input):
    """How many of them."""

    limit: int = Field(default=100, ge=1, le=_LIMIT_MAX)


class LetterIn(_Body):
    """Where a dead letter lies."""

    position: str = Field(pattern=r"^[0-9]{1,5}-[0-9]{1,13}$")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class BuildProgressOut(_Out):
    """How far a build is in its stage."""

    done: int
    total: int
    pace: float


class VerdictOut(_Out):
    """What the last verification of a generation found. `at`: ms since 1970."""

    clean: bool
    accounts: int
    everyone: bool
    differing: int
    unsettled: int
    at: int


class GenerationOut(_Out):
    """One set of views. `lag`: events it is behind the log, once it is kept current; `progress`:
    while it is being built."""

    generation: int = Field(validation_alias="number")
    served: bool
    stage: str
    buckets: int
    follower_shards: int
    cap: int
    lag: int | None
    progress: BuildProgressOut | None
    verdict: VerdictOut | None


class ViewsOut(_Out):
    """All generations; where the log ends; what the last audit found wrong."""

    generations: list[GenerationOut]
    log_ends: list[int]
    audit: dict[str, Any] | None


class BuildOut(_Out):
    """A rebuild: it is taken up by whoever keeps the views current."""

    generation: int
    stage: str
    pace: float


class EstimateOut(_Out):
    """What a rebuild would come to."""

    events: int
    log_bytes: int
    accounts: int
    rows: int
    row_bytes: int
    seconds: int


class ServedOut(BaseModel):
    """Which generation is served, and what was overridden for it."""

    generation: int
    overridden: list[str]


class OrderOut(BaseModel):
    """What takes its time: ask for it again until it is not running."""

    order_id: str
    what: str
    state: Literal["running", "done", "refused", "failed"] = "running"
    begun_at: str
    ended_at: str | None = None
    answer: dict[str, Any] | None = None
    error: str | None = None


class CauseOut(_Out):
    """An event that an answer rests on."""

    position: str
    at: str
    what: str


class ExplanationOut(_Out):
    """Whether the log says that the tweet is in the timeline (`due`), whether it is (`served`), by
    which path it comes there or by which rule not, and since which events."""

    user_id: str
    tweet_id: str
    author_id: str
    due: bool
    served: bool
    path: str | None
    rule: str | None
    causes: list[CauseOut]


class EntryOut(_Out):
    """A tweet of a timeline as it was."""

    tweet_id: str
    author_id: str
    username: str
    posted_at: str
    text: str


class TimelineOut(_Out):
    """A home timeline as of the log before `ends`, of each partition."""

    user_id: str
    ends: list[int]
    entries: list[EntryOut]


class LetterOut(BaseModel):
    """What could not be folded: its bytes in hex, its event where that can be read."""

    position: str
    error: str
    value: str | None
    event: dict[str, Any] | None
    replayed_to: list[str]


class LettersOut(BaseModel):
    """Dead letters, by partition and offset."""

    letters: list[LetterOut]


class ReplayedOut(BaseModel):
    """Where the copy of a dead letter lies."""

    position: str
    replayed_to: str
