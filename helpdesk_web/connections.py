"""How connections are set up, and what it means when the database refuses."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from helpdesk_web.errors import Busy, DiskFull, SupportError, Unavailable

LOCK_SECONDS = 5.0  # how long a writer waits for the lock before it answers 503


def prepare(engine: Engine) -> None:
    """Give a new engine its pragmas and transaction rules."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_timeouts)


def has_wal_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Tell whether this SQLite may corrupt a WAL that two processes reset at once (fixed in 3.51.3,
    back-ported to 3.44.6 and 3.50.7); then only the worker checkpoints."""
    if version >= (3, 51, 3) or version < (3, 7, 0):
        return False
    return not ((3, 44, 6) <= version < (3, 45, 0) or (3, 50, 7) <= version < (3, 51, 0))


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={int(LOCK_SECONDS * 1000)}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-8192",
        "temp_store=MEMORY",
        *(["wal_autocheckpoint=0"] if has_wal_reset_bug() else []),
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    may_write = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if may_write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if may_write else "BEGIN")


def _set_timeouts(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(LOCK_SECONDS * 1000)}")
        cursor.execute("SET timezone = 'UTC'")
    connection.commit()


def sqlite_path(url: str) -> Path | None:
    """The file behind an embedded database's address, None for a server's."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def refusal(error: OperationalError) -> SupportError | None:
    """What to tell the person when the database cannot do it now; None when the statement itself is wrong."""
    cause: Any = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # higher bits say it more exactly
        kind = _SQLITE_REFUSALS.get(code, Unavailable)
    else:
        kind = _POSTGRESQL_REFUSALS.get(getattr(cause, "sqlstate", None) or "", Unavailable)
    return kind() if kind else None


_SQLITE_REFUSALS: dict[int, type[SupportError] | None] = {
    sqlite3.SQLITE_ERROR: None,
    sqlite3.SQLITE_BUSY: Busy,
    sqlite3.SQLITE_LOCKED: Busy,
    sqlite3.SQLITE_FULL: DiskFull,
}
_POSTGRESQL_REFUSALS: dict[str, type[SupportError] | None] = {
    "55P03": Busy,  # lock_timeout ran out
    "40P01": Busy,  # a deadlock, which the server ended
    "40001": Busy,
    "53100": DiskFull,
}
