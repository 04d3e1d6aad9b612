"""Whether Cassandra keeps what it acknowledges."""

import asyncio
from typing import Final

import structlog
from cassandra.query import SimpleStatement

from foldline.cassandra_driver import connect, driver_errors
from foldline.errors import MisconfiguredError, ViewsUnavailableError
from foldline.settings import Settings

_COMMITLOG_SYNC: Final = "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'"
_log = structlog.get_logger(__name__)


async def require_group_commitlog(settings: Settings) -> None:
    """Refuse a Cassandra that acknowledges before it has fsynced: a kill would lose rows that
    progress has passed.

    Raises `MisconfiguredError`, unless the settings allow it; `ViewsUnavailableError`.
    """
    periodic = await asyncio.to_thread(_periodic_hosts, settings)
    if not periodic:
        return
    detail = (
        f"Cassandra at {', '.join(periodic)} has commitlog_sync: periodic, which loses "
        "acknowledged rows when it is killed. Set `commitlog_sync: group` in cassandra.yaml"
    )
    if not settings.allow_periodic_commitlog:
        raise MisconfiguredError(f"{detail}, or FOLDLINE_ALLOW_PERIODIC_COMMITLOG=1")
    _log.warning("periodic commit log allowed", detail=detail)


def _periodic_hosts(settings: Settings) -> list[str]:
    with driver_errors(ViewsUnavailableError):
        session = connect(settings)
        try:
            hosts = [host for host in session.cluster.metadata.all_hosts() if host.is_up]
            query = SimpleStatement(_COMMITLOG_SYNC)  # a virtual table: each host has its own
            found = {host: session.execute(query, host=host).one() for host in hosts}
        finally:
            session.cluster.shutdown()
    return [str(host.address) for host, row in found.items() if row and row[0] == "periodic"]
