"""Brings a desk's database to the present shape: under a lock, after a copy of the data."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from helpdesk_web import clock, paths
from helpdesk_web.config import Settings
from helpdesk_web.connections import sqlite_path
from helpdesk_web.database import db

KEPT_COPIES = 5
_LOCK_NUMBER = 0x48454C50  # PostgreSQL's advisory lock for migrations


def script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def is_at_head(connection: Connection) -> bool:
    return _current(connection) == script().get_current_head()


def upgrade(settings: Settings, revision: str = "head") -> bool:
    """Migrate up; returns whether anything was to do."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _file_lock(settings.data_dir / "migrate.lock"):
        with db.engine.connect().execution_options(writing=True) as connection:
            before = _current(connection)
            connection.rollback()
            if revision == "head" and before == script().get_current_head():
                return False
        if before is not None:
            _keep_copy(settings)
        _run(command.upgrade, revision)
    return True


def downgrade(revision: str) -> None:
    _run(command.downgrade, revision)


def _run(verb: object, revision: str) -> None:
    config = _config()
    with db.engine.connect().execution_options(writing=True) as connection:
        if connection.dialect.name == "sqlite":  # rebuilding a table must not drop what refers to it
            _foreign_keys(connection, "OFF")
        else:
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # another's migration may take its time
            connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _LOCK_NUMBER})
            connection.commit()
        config.attributes["connection"] = connection
        try:
            verb(config, revision)  # type: ignore[operator]
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                _foreign_keys(connection, "ON")
            else:
                connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _LOCK_NUMBER})
                connection.commit()


def _foreign_keys(connection: Connection, state: str) -> None:
    """Set on the driver's connection: inside a transaction the pragma would do nothing."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys={state}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS).replace("%", "%%"))
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _keep_copy(settings: Settings) -> None:
    """Copy an embedded database before it is changed; a server's database is its keeper's to dump."""
    path = sqlite_path(settings.database)
    if path is None or not path.is_file():
        return
    folder = settings.data_dir / "before-migrations"
    folder.mkdir(exist_ok=True, mode=0o700)
    copy = folder / f"{clock.now():%Y%m%dT%H%M%S%f}.sqlite3"
    partial = copy.with_suffix(".partial")
    with sqlite3.connect(path) as source, sqlite3.connect(partial) as target:
        source.backup(target)
    target.close()
    source.close()
    partial.chmod(0o600)
    partial.rename(copy)
    for old in sorted(folder.glob("*.sqlite3"))[:-KEPT_COPIES]:
        old.unlink()


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
