"""Databases for tests: one a worker with a rollback by savepoint, or one of a test's own with real commits."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from helpdesk_web import create_app, migrating
from helpdesk_web.config import load
from helpdesk_web.database import commit, db, writing
from helpdesk_web.services import founding
from tests.clients import Browser

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


def migrated_app(folder: Path, url: str | None = None, **settings: Any) -> Flask:
    """An application with a migrated desk of its own in this folder."""
    app = build_app(folder, url, **settings)
    with app.app_context():
        migrating.upgrade(app.config["HELPDESK"])
        with writing():
            founding.found()
            commit()
    return app


def build_app(folder: Path, url: str | None = None, **settings: Any) -> Flask:
    defaults: dict[str, Any] = {"data_dir": folder, "base_url": "http://localhost"}
    app = create_app(load(**defaults | settings, **({"database_url": url} if url else {})))
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False, PASSWORD_COST="cheap")
    app.test_client_class = Browser
    return app


def copied_app(template: Path, folder: Path, **settings: Any) -> Flask:
    """An application on its own copy of a migrated SQLite desk."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(template / "helpdesk.sqlite3")) as source,  # its rows may still lie in the WAL
        closing(sqlite3.connect(folder / "helpdesk.sqlite3")) as target,
    ):
        source.backup(target)
    shutil.copytree(template / "keys", folder / "keys", dirs_exist_ok=True)
    return build_app(folder, **settings)


@contextmanager
def rolled_back(app: Flask) -> Iterator[None]:
    """Run everything inside one outer transaction that never commits: sessions work on savepoints of it."""
    with app.app_context():
        engine = db.engine
        db.session.remove()
    with engine.connect().execution_options(writing=True) as connection:
        outer = connection.begin()
        engines = db._app_engines[app]
        engines[None] = connection  # every session of the app now joins this connection
        factory = db.session.session_factory
        before = dict(factory.kw)
        factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            with app.app_context():
                db.session.remove()
            factory.kw.clear()
            factory.kw.update(before)
            engines[None] = engine
            outer.rollback()


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that run, without the transaction's own."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ")):
            statements.append(statement)

    with app.app_context():
        target = db.engine
    target = getattr(target, "engine", target)
    event.listen(target, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(target, "before_cursor_execute", note)


def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
