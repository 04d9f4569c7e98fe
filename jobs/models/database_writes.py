"""Notices writes of others to the database, without a question to any table."""

from django.db import connection

# The snapshot changes with each transaction that writes, when it starts and when it ends.
POSTGRESQL_SNAPSHOT = "SELECT pg_current_snapshot()::text"
# Changes with each commit of another connection; means nothing to a new connection.
SQLITE_VERSION = "PRAGMA data_version"


class DatabaseWrites:
    """Remembers what it saw; one for each thread, since a thread has its own connection."""

    def __init__(self) -> None:
        self._seen: object = None

    def have_occurred(self) -> bool:
        """Return whether anyone may have written since the last call."""
        before, self._seen = self._seen, _read()
        return before != self._seen

    def ignore(self) -> None:
        """Take what was written until now as seen: on PostgreSQL the caller's own writes count too."""
        self._seen = _read()


def _read() -> object:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(SQLITE_VERSION if is_sqlite else POSTGRESQL_SNAPSHOT)
        (value,) = cursor.fetchone()
    return (connection.connection, value) if is_sqlite else value
