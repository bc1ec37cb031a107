"""Checkpoints of SQLite's write-ahead log, by one process alone.

SQLite versions with the WAL-reset bug may corrupt a database whose log two processes reset at once; there the
web processes run with `wal_autocheckpoint=0`, and this thread of the worker folds the log back.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from helpdesk_web.connections import has_wal_reset_bug
from helpdesk_web.database import db, is_sqlite

EVERY_SECONDS = 2.0
FOLD_BYTES = 1_000 * 4_096  # SQLite's own habit: about a thousand pages
SHRINK_BYTES = 64 * 1024 * 1024
PATIENCE_MS = 200  # shrinking keeps writers out while it waits for readers

logger = logging.getLogger(__name__)


def keep(app: Flask, stop: threading.Event) -> None:
    """Look after the log until `stop` is set; nothing to do on PostgreSQL or on a sound SQLite."""
    with app.app_context():
        engine = db.engine
    path = engine.url.database if is_sqlite(engine) else None
    if not path or path == ":memory:" or not has_wal_reset_bug():
        stop.wait()
        return
    with _alone(Path(path), stop):
        seen = 0.0
        while not stop.wait(EVERY_SECONDS):
            try:
                seen = tend(engine, seen)
            except Exception:
                logger.exception("the write-ahead log could not be folded back")


def tend(engine: Engine, seen: float = 0.0) -> float:
    """Fold the log into the database if it is large and changed since `seen`; return when it changed last."""
    log = Path(f"{engine.url.database}-wal")
    try:
        state = log.stat()
    except FileNotFoundError:
        return seen
    if state.st_size < FOLD_BYTES or state.st_mtime == seen:
        return seen
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        if state.st_size > SHRINK_BYTES:
            (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
            cursor.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={usual}")
        cursor.close()
    return state.st_mtime


@contextmanager
def _alone(database: Path, stop: threading.Event) -> Iterator[None]:
    """Of several workers on one file only one does this; the kernel frees its place when it dies."""
    handle = os.open(f"{database}.checkpoint", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not stop.is_set():
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(EVERY_SECONDS)
        yield
    finally:
        os.close(handle)
