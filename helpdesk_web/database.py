"""The database: typed base, UTC moments, one session class, and the one place that commits.

A transaction begins read-only. `with writing():` ends it and begins one that may write (SQLite:
BEGIN IMMEDIATE, so that no read is ever upgraded; PostgreSQL: READ COMMITTED and row locks).
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import JSON, Connection, DateTime, Engine, MetaData, TypeDecorator, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase

from helpdesk_web.errors import Busy, DiskFull, SupportError, Unavailable

LOCK_SECONDS = 5.0  # how long a writer waits for the lock before it answers 503
FAR = datetime(9999, 12, 31, tzinfo=UTC)  # stands for "never" in columns that lists sort by

Json = JSON().with_variant(JSONB(), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite drops the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Session(FlaskSession):
    """Reads by default; `info["writing"]` is set by `writing()` alone."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Send reads of pages that said `read_from_replica()` to `database_read_url`."""
        if self.info.get("replica") and not self.info.get("writing"):
            return self._db.engines["read"]
        return super().get_bind(*args, **kwargs)


def read_from_replica() -> None:
    """Let the rest of this request read from the replica, where one is set (figures may lag a little)."""
    if "read" in db.engines:
        db.session.rollback()
        db.session().info["replica"] = True


db = SQLAlchemy(model_class=Base, session_options={"class_": Session, "expire_on_commit": False, "autoflush": False})


# Told of the session each time the lock is free again; see events.py.
after_writing: list[Callable[[FlaskSession], None]] = []


Row = TypeVar("Row", bound=Base)


class Sealed(RuntimeError):
    """A request whose form token was not valid tried to write."""


@contextmanager
def writing() -> Iterator[None]:
    """Open a write transaction; what is not committed by `commit()` inside is rolled back.

    Objects read before are read again on their next use, under the lock. Keep hashing, files, sockets and
    rendering outside. Raises `Busy` when the lock is not free within `LOCK_SECONDS`, `DiskFull` or `Unavailable`
    when the database cannot write.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("writing() does not nest")
    if session.info.get("sealed"):
        raise Sealed
    session.rollback()  # ends the read transaction and expires what it read
    try:
        with _turn(session.get_bind()):
            session.info["writing"] = True
            session.info["locked"] = set()
            try:
                with _refusals_are_told():
                    session.connection(execution_options={"writing": True})
                    yield
            finally:
                session.rollback()
                session.info.pop("writing", None)
                session.info.pop("locked", None)
    finally:
        for tell in after_writing:
            tell(session)


def commit() -> None:
    """Make the edge's one change durable. Only here is `session.commit()` called."""
    session = db.session()
    if not session.info.get("writing"):
        raise RuntimeError("commit() belongs inside writing()")
    with _refusals_are_told():
        session.commit()


def lock(row: Row) -> Row:
    """Read a row again under its lock, once a transaction: what follows decides on the present state.

    A second call must not read again, or it would undo what was changed since and not yet flushed.
    """
    session = db.session()
    locked: set[Base] = session.info["locked"]
    if row not in locked:
        session.refresh(row, with_for_update={"of": type(row)})  # not of what is joined to it: it may be missing
        locked.add(row)
    return row


def lock_by_id(model: type[Row], number: int) -> Row | None:
    """The same for a row that may not be at hand yet."""
    session = db.session()
    row = session.identity_map.get(session.identity_key(model, number))
    if isinstance(row, model) and row in session.info["locked"]:
        return row
    found = session.get(model, number, with_for_update=True, populate_existing=True)
    if found is not None:
        session.info["locked"].add(found)
    return found


def end_reading() -> None:
    """Let go of the read transaction, so that what follows sees the present state."""
    db.session.rollback()


def is_sqlite(bind: Engine | Connection | None = None) -> bool:
    return (bind or db.session.get_bind()).dialect.name == "sqlite"


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


@contextmanager
def _refusals_are_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if told := refusal(error):
            raise told from error
        raise


# -- one writer at a time, in order of arrival ---------------------------------------------------------------

_threads_turn = threading.Lock()


@contextmanager
def _turn(bind: Any) -> Iterator[None]:
    """Queue SQLite's writers on a lock file: its own busy handler sleeps up to 100 ms while the lock is free.

    This is for fairness only, BEGIN IMMEDIATE stays the guarantee; the kernel frees the file's lock when a
    process dies.
    """
    path = bind.engine.url.database if bind.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    deadline = time.monotonic() + LOCK_SECONDS
    if not _threads_turn.acquire(timeout=LOCK_SECONDS):
        raise Busy
    try:
        handle = _lock_file(path)
        pause = 0.0005
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise Busy
            time.sleep(pause)
            pause = min(pause * 1.5, 0.004)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        _threads_turn.release()


_lock_files: dict[tuple[int, str], int] = {}


def _lock_file(path: str) -> int:
    key = (os.getpid(), path)
    if key not in _lock_files:
        _lock_files[key] = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return _lock_files[key]


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# -- how connections are set up ------------------------------------------------------------------------------


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
