"""The database: typed base, UTC moments, one session class, and the one place that commits.

A transaction begins read-only. `with writing():` ends it and begins one that may write (SQLite:
BEGIN IMMEDIATE, so that no read is ever upgraded; PostgreSQL: READ COMMITTED and row locks).
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import JSON, Connection, DateTime, Engine, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase

from helpdesk_web.connections import LOCK_SECONDS, refusal
from helpdesk_web.errors import Busy

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
