"""The routes of operators, beside those of `ingest` about accounts."""

from dataclasses import replace
from functools import partial
from typing import Final

from app.admin import entries, rebuilds
from app.admin import schemas as of
from app.admin.operation import Operation
from foldline.errors import ConflictError, InvalidError, NotFoundError
from foldline.web.routes import Access, Route

_UNKNOWN: Final = (NotFoundError,)
_BUSY: Final = (ConflictError,)
_EITHER: Final = (NotFoundError, ConflictError)

_GENERATIONS: Final = (
    Route(
        "GET",
        "/admin/v1/views",
        rebuilds.views,
        "Generations of the views, and how far each is",
        gives=of.ViewsOut,
    ),
    Route(
        "POST",
        "/admin/v1/rebuilds",
        rebuilds.start,
        "Build another generation from the log",
        takes=of.ShapeIn,
        gives=of.BuildOut,
        status=202,
        refuses=_BUSY,
        bare=True,
    ),
    Route(
        "POST",
        "/admin/v1/rebuilds/estimate",
        rebuilds.estimate,
        "What a rebuild would come to",
        takes=of.ShapeIn,
        gives=of.EstimateOut,
        bare=True,
    ),
    Route(
        "POST",
        "/admin/v1/rebuilds/pace",
        rebuilds.pace,
        "Slow down or pause the rebuild that is under way",
        takes=of.PaceIn,
        gives=of.BuildOut,
        refuses=_EITHER,
    ),
    Route(
        "POST",
        "/admin/v1/rebuilds/cancel",
        rebuilds.cancel,
        "End the rebuild that is under way",
        gives=of.BuildOut,
        status=202,
        refuses=_EITHER,
    ),
    Route(
        "POST",
        "/admin/v1/views/{generation}/verify",
        rebuilds.verify,
        "Compare a generation with the log",
        takes=of.VerifyIn,
        gives=of.OrderOut,
        status=202,
        refuses=_EITHER,
        bare=True,
    ),
    Route(
        "POST",
        "/admin/v1/views/{generation}/switch",
        rebuilds.serve,
        "Serve a generation that was verified",
        takes=of.ForceIn,
        gives=of.ServedOut,
        refuses=_EITHER,
        bare=True,
    ),
    Route(
        "POST",
        "/admin/v1/views/rollback",
        rebuilds.rollback,
        "Serve the generation that was served before",
        takes=of.ForceIn,
        gives=of.ServedOut,
        refuses=_EITHER,
        bare=True,
    ),
    Route(
        "DELETE",
        "/admin/v1/views/{generation}",
        rebuilds.drop,
        "Remove a generation that is not served",
        gives=of.OrderOut,
        status=202,
        refuses=_EITHER,
    ),
)
_ENTRIES: Final = (
    Route(
        "POST",
        "/admin/v1/repairs",
        entries.repair,
        "Write a part of the served generation anew",
        takes=of.RepairIn,
        gives=of.OrderOut,
        status=202,
        refuses=_BUSY,
    ),
    Route(
        "POST",
        "/admin/v1/audits",
        entries.audit,
        "Compare a sample of what is served with the log",
        takes=of.AuditIn,
        gives=of.OrderOut,
        status=202,
        refuses=_BUSY,
        bare=True,
    ),
    Route(
        "GET",
        "/admin/v1/orders/{order_id}",
        entries.order,
        "How far an order is, and its answer",
        gives=of.OrderOut,
    ),
    Route(
        "GET",
        "/admin/v1/explain",
        entries.explain,
        "Why a tweet is in a home timeline, or is not",
        query=of.ExplainQuery,
        gives=of.ExplanationOut,
        refuses=_UNKNOWN,
    ),
    Route(
        "GET",
        "/admin/v1/timeline-as-of",
        entries.timeline,
        "A home timeline by the log, as it is or as it was",
        query=of.AsOfQuery,
        gives=of.TimelineOut,
        refuses=_UNKNOWN,
    ),
    Route(
        "GET",
        "/admin/v1/dead-letters",
        entries.letters,
        "What could not be folded",
        query=of.LettersQuery,
        gives=of.LettersOut,
    ),
    Route(
        "POST",
        "/admin/v1/dead-letters",
        entries.replay,
        "Give a dead letter another try",
        takes=of.LetterIn,
        gives=of.ReplayedOut,
        refuses=(InvalidError, NotFoundError),
    ),
)
ROUTES: Final = tuple(replace(route, access=Access.ADMIN) for route in (*_GENERATIONS, *_ENTRIES))


def routes(operation: Operation) -> list[Route]:
    """All of them, over the given installation."""
    return [replace(route, handle=partial(route.handle, operation)) for route in ROUTES]
