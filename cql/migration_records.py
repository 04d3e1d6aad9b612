"""What the migrator reads and notes: keyspaces, applied migrations, generations. Blocks."""

from typing import Any

from cql.loader import MIGRATIONS, statements


class MigrationRecords:
    """The book-keeping in the control keyspace, which need not exist for reading."""

    def __init__(self, session: Any, keyspace: str) -> None:
        self._session = session
        self._keyspace = keyspace

    def has_keyspace(self, name: str) -> bool:
        query = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = %s"
        return self._session.execute(query, (name,)).one() is not None

    def applied(self, keyspace: str) -> dict[int, str]:
        """The checksum of each migration that was applied to a keyspace."""
        if not self._has_table("schema_versions"):
            return {}
        return dict(self._execute("applied_migrations", keyspace).all())

    def note(self, keyspace: str, number: int, name: str, checksum: str) -> None:
        self._execute("note_migration", keyspace, number, name, checksum)

    def forget(self, keyspace: str) -> None:
        """Nothing is applied to a keyspace that is not there any more."""
        for number in self.applied(keyspace):
            self._execute("forget_migration", keyspace, number)

    def generations(self) -> list[int]:
        """The numbers of all generations, ascending."""
        if not self._has_table("generations"):
            return []
        return sorted(number for (number,) in self._execute("generation_numbers"))

    def add_generation(self, number: int, buckets: int, follower_shards: int) -> None:
        """Make a generation known, and active if none is."""
        self._execute("first_activation", number)
        self._execute("first_generation", number, buckets, follower_shards)

    def _has_table(self, name: str) -> bool:
        query = (
            "SELECT table_name FROM system_schema.tables "
            "WHERE keyspace_name = %s AND table_name = %s"
        )
        return self._session.execute(query, (self._keyspace, name)).one() is not None

    def _execute(self, name: str, *values: object) -> Any:
        text = statements(MIGRATIONS)[name].text
        prepared = self._session.prepare(text, keyspace=self._keyspace)
        return self._session.execute(prepared, values)
