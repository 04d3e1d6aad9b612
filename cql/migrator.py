"""Brings the keyspaces up to this version: numbered migrations, each applied once.

One migrator works at a time, under a lock with a lease. Every statement says IF NOT EXISTS, so a
migration that was cut off is applied again from its beginning.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from cassandra.query import SimpleStatement

from cql.loader import Script, migrations, script
from cql.migration_lock import MigrationLock
from cql.migration_records import MigrationRecords
from foldline.cassandra_driver import connect, driver_errors, views_keyspace
from foldline.errors import ControlUnavailableError, MisconfiguredError
from foldline.settings import Settings

_FIRST_GENERATION = 1
_DROP_MAX_S = 60.0


class _Step(NamedTuple):
    title: str
    run: Callable[[], None]


async def migrate(settings: Settings, *, dry_run: bool = False) -> list[str]:
    """Make and change what is missing, the first generation included; answers what was done. With
    `dry_run` nothing is: the answer is what would be.

    Raises `ControlUnavailableError`: what was begun may stand, migrate again. Raises
    `MisconfiguredError` where an applied migration has another text now.
    """
    return await asyncio.to_thread(_migrate, settings, dry_run)


async def drop_views(settings: Settings, number: int) -> None:
    """Drop the views of a generation. Repeatable. Raises `ControlUnavailableError`."""
    await asyncio.to_thread(_drop_views, settings, number)


def _drop_views(settings: Settings, number: int) -> None:
    with driver_errors(ControlUnavailableError):
        session = connect(settings)
        try:
            keyspace = views_keyspace(settings, number)
            session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=_DROP_MAX_S)
            MigrationRecords(session, settings.keyspace).forget(keyspace)
        finally:
            session.cluster.shutdown()


def _migrate(settings: Settings, dry_run: bool) -> list[str]:
    with driver_errors(ControlUnavailableError):
        session = connect(settings)
        try:
            migrator = _Migrator(session, settings)
            return migrator.plan() if dry_run else migrator.apply()
        finally:
            session.cluster.shutdown()


class _Migrator:
    def __init__(self, session: Any, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._records = MigrationRecords(session, settings.keyspace)
        self._lock = MigrationLock(session, settings.keyspace, settings.migration_lease_s)

    def plan(self) -> list[str]:
        return [step.title for step in self._steps()]

    def apply(self) -> list[str]:
        control = self._settings.keyspace
        done = [step.title for step in self._keyspace(control)]
        # Seen or not: what another migrator is just making is listed before it can be used.
        self._create_keyspace(control)
        self._run(control, script("bootstrap.cql"))
        with self._lock:
            for step in self._steps():
                step.run()
                done.append(step.title)
        return done

    def _steps(self) -> Iterator[_Step]:
        """What is missing, found out step by step: each may rest on those before it."""
        control = self._settings.keyspace
        yield from self._keyspace(control)
        yield from self._migrations(control, "control", self._records.applied(control))
        for number in self._records.generations() or [_FIRST_GENERATION]:
            yield from self._views(views_keyspace(self._settings, number))
        if not self._records.generations():
            yield _Step(f"activate generation {_FIRST_GENERATION}", self._activate)

    def _keyspace(self, name: str) -> Iterator[_Step]:
        if not self._records.has_keyspace(name):
            yield _Step(f"create keyspace {name}", partial(self._create_keyspace, name))

    def _views(self, keyspace: str) -> Iterator[_Step]:
        """A generation's keyspace. One that was dropped is made anew, whatever was noted of it."""
        applied = self._records.applied(keyspace)
        if not self._records.has_keyspace(keyspace):
            yield _Step(f"create keyspace {keyspace}", partial(self._create_views, keyspace))
            applied = {}
        yield from self._migrations(keyspace, "views", applied)

    def _migrations(
        self, keyspace: str, folder: str, applied: Mapping[int, str]
    ) -> Iterator[_Step]:
        for migration in migrations(folder):
            number, checksum = _number(migration), _checksum(migration)
            if number not in applied:
                run = partial(self._apply, keyspace, migration)
                yield _Step(f"apply {migration.name} to {keyspace}", run)
            elif applied[number] != checksum:
                raise MisconfiguredError(
                    f"{migration.name} was applied to {keyspace} with another text: what was "
                    "applied must not change, write a new migration"
                )

    def _create_keyspace(self, name: str) -> None:
        datacenter, copies = (
            self._settings.cassandra_datacenter,
            self._settings.replication_factor,
        )
        self._agreed(
            f"CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = "
            f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': {copies}}}"
        )

    def _create_views(self, keyspace: str) -> None:
        self._records.forget(keyspace)
        self._create_keyspace(keyspace)

    def _apply(self, keyspace: str, migration: Script) -> None:
        self._run(keyspace, migration, before_each=self._lock.renew)
        self._records.note(keyspace, _number(migration), migration.name, _checksum(migration))

    def _activate(self) -> None:
        settings = self._settings
        self._records.add_generation(_FIRST_GENERATION, settings.buckets, settings.follower_shards)

    def _run(
        self, keyspace: str, file: Script, before_each: Callable[[], None] = lambda: None
    ) -> None:
        for statement in file.statements:
            before_each()
            self._agreed(SimpleStatement(statement, keyspace=keyspace))

    def _agreed(self, statement: str | SimpleStatement) -> None:
        """Change the schema; go on only when every node has the change."""
        answer = self._session.execute_async(statement)
        answer.result()
        if not answer.is_schema_agreed:
            raise ControlUnavailableError("the nodes don't agree on the schema: migrate again")


def _number(migration: Script) -> int:
    return int(migration.name.split("/")[-1].split("_")[0])


def _checksum(migration: Script) -> str:
    return hashlib.sha256(migration.source.encode()).hexdigest()
