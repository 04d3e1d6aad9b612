"""What is told about a running part: structured logs, the trace an event belongs to, metrics."""

import logging
import random
import re
import sys
from contextvars import ContextVar
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "foldline_http_requests_total", "HTTP requests answered", ("method", "route", "status")
)
REQUEST_SECONDS: Final = Histogram(
    "foldline_http_request_seconds",
    "Time to answer a request",
    ("method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
APPENDS: Final = Counter("foldline_appends_total", "Events given to the log", ("type", "outcome"))
EVENTS: Final = Counter("foldline_events_folded_total", "Events folded into the views", ("type",))
DELIVERIES: Final = Counter("foldline_deliveries_total", "Timeline rows written or taken out")
POISONED: Final = Counter("foldline_poison_events_total", "Events put among the dead letters")
TRIMS: Final = Counter("foldline_trims_total", "Timelines trimmed to their floor")
RESTARTS: Final = Counter("foldline_restarts_total", "Worker restarts", ("exit_code",))
LOG_END: Final = Gauge("foldline_log_end", "Next offset of the log", ("partition",))
PROGRESS: Final = Gauge("foldline_progress", "Next offset that the views wait for", ("partition",))
DEAD_LETTERS: Final = Gauge("foldline_dead_letters", "Dead letters in the views, up to 1,000")
LAG: Final = Gauge("foldline_lag_events", "Events in the log and not yet in the views")
AUDITED: Final = Counter(
    "foldline_audited_entries_total", "Entries that were compared with the log"
)
DRIFTED: Final = Counter("foldline_drifted_entries_total", "Of these, entries that were wrong")
DRIFT: Final = Gauge("foldline_drift_per_million", "Wrong entries per million, of the last sample")
CACHE_READS: Final = Counter(
    "foldline_cache_reads_total", "Values asked of a cache", ("kind", "level", "outcome")
)

TRACE: Final[ContextVar[str]] = ContextVar("foldline_trace", default="")
"""The W3C trace id (32 hex digits) of what is being done now."""

_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def random_hex(digits: int) -> str:
    """An id that is only unique, not secret. Asking the system for it would give the interpreter
    away to another thread, and wait to get it back."""
    return f"{random.getrandbits(4 * digits):0{digits}x}"


def trace_of(traceparent: str | None) -> str:
    """The trace id of a `traceparent` header, or a new one where there is none of use."""
    match = None if traceparent is None else _TRACEPARENT.fullmatch(traceparent)
    if match is None or set(match[1]) == {"0"}:
        return random_hex(32)
    return match[1]


def traceparent() -> str:
    """The current trace as a `traceparent` header, with a span of its own."""
    return f"00-{TRACE.get() or random_hex(32)}-{random_hex(16)}-01"


def configure_logging(*, as_json: bool, level: str = "info") -> None:
    """Structured logs on stderr, as lines of JSON or for a reader at a terminal."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(numeric, logging.WARNING), stream=sys.stderr, force=True)
    logging.getLogger("cassandra.protocol").setLevel(logging.ERROR)  # warns of each statement
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _with_trace(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if trace := TRACE.get():
        event["trace_id"] = trace
    return event
