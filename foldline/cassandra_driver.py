"""The Cassandra driver, set up as Foldline needs it. Everything here blocks.

The driver's own timestamps are off: microseconds since 1970 would beat every stamp for ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cassandra import (
    ConsistencyLevel,
    DriverException,
    OperationTimedOut,
    RequestValidationException,
    Timeout,
    WriteType,
)
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.connection import ConnectionBusy, ConnectionException
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    TokenAwarePolicy,
)
from cassandra.protocol import ErrorMessage, OverloadedErrorMessage, SyntaxException
from cassandra.query import tuple_factory

from foldline.errors import UnavailableError
from foldline.packing import PackingHandler
from foldline.settings import Settings

AT_FAULT: Final[tuple[type[Exception], ...]] = (RequestValidationException, SyntaxException)
"""What the driver raises where the store did answer, and the request is at fault."""

_TOO_MUCH: Final = (OperationTimedOut, Timeout, OverloadedErrorMessage)
_ANY_KEYSPACE: Final = 5  # the first protocol in which a statement names its keyspace
_ONE_KEYSPACE: Final = 4  # without the checksums of the next, which both sides pay for: ADR 0012


def connect(settings: Settings, keyspace: str | None = None) -> Any:
    """The driver's session, in a keyspace or in none. The caller shuts its `cluster` down."""
    cluster = Cluster(
        contact_points=settings.cassandra_hosts.split(","),
        port=settings.cassandra_port,
        protocol_version=_ANY_KEYSPACE if keyspace is None else _ONE_KEYSPACE,
        execution_profiles={EXEC_PROFILE_DEFAULT: _profile(settings)},
        # The default backs off to ten minutes and gives up in the end.
        reconnection_policy=ConstantReconnectionPolicy(
            settings.store_reconnect_s, max_attempts=None
        ),
        connect_timeout=settings.store_timeout_s,
        control_connection_timeout=settings.store_timeout_s,
        idle_heartbeat_interval=settings.store_heartbeat_s,
        idle_heartbeat_timeout=settings.store_heartbeat_s,
    )
    try:
        session = cluster.connect()
        if keyspace is not None:
            session.set_keyspace(keyspace)
    except BaseException:
        cluster.shutdown()
        raise
    session.use_client_timestamp = False
    session.client_protocol_handler = PackingHandler
    session.default_fetch_size = settings.rows_per_page
    return session


@contextmanager
def driver_errors(unavailable: type[UnavailableError]) -> Iterator[None]:
    """Raise `unavailable` for what the driver raises where the store can't answer."""
    try:
        yield
    except AT_FAULT:
        raise
    except (DriverException, NoHostAvailable, ConnectionException, ErrorMessage) as error:
        raise unavailable(sentence(error)) from error


def sentence(error: Exception) -> str:
    """What to tell of a driver's error."""
    return f"Cassandra can't answer: {type(error).__name__}: {error}"


def too_much(error: Exception | None) -> bool:
    """Whether an error says that the store can't keep up. An LWT that lost to others does not."""
    contended = getattr(error, "write_type", None) == WriteType.CAS
    return isinstance(error, _TOO_MUCH) and not contended


def never_sent(error: BaseException | None) -> bool:
    """Whether a request found every connection's buffer full: it is to be sent again, later."""
    errors = error.errors.values() if isinstance(error, NoHostAvailable) else ()
    return bool(errors) and all(isinstance(each, ConnectionBusy) for each in errors)


def views_keyspace(settings: Settings, generation: int) -> str:
    """The keyspace of a generation's views."""
    return f"{settings.keyspace}_g{generation}"


def _profile(settings: Settings) -> Any:
    one_copy = settings.replication_factor == 1
    return ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(
            DCAwareRoundRobinPolicy(local_dc=settings.cassandra_datacenter)
        ),
        consistency_level=(
            ConsistencyLevel.LOCAL_ONE if one_copy else ConsistencyLevel.LOCAL_QUORUM
        ),
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=settings.store_timeout_s,
        row_factory=tuple_factory,
    )
