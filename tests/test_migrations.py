"""Migrations lead up, down and up again with data, survive a kill, and wait for each other; on both databases."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import MetaData, Table, inspect, select, text

from helpdesk_web import audit, connections, migrating, paths, relations, support
from helpdesk_web.config import Settings
from helpdesk_web.database import commit, db, is_sqlite, writing
from helpdesk_web.services import founding, vault
from tests import databases, factories

pytestmark = pytest.mark.both

MIGRATE = """
import pathlib, sys
from helpdesk_web import paths
paths.MIGRATIONS = pathlib.Path(sys.argv.pop())
from helpdesk_web.cli import main
main()
"""
HEAD = migrating.script().get_current_head()

# What a later version may bring: a new column in the table that most others refer to, which SQLite builds anew.
NEXT = f'''
import os, time
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "next", "{HEAD}", None, None


def rebuilt():
    rebuild = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    return op.batch_alter_table("user", recreate=rebuild)


def upgrade():
    with rebuilt() as user:
        user.add_column(sa.Column("nickname", sa.String(40), nullable=False, server_default="none"))
    if place := os.environ.get("MIGRATION_RUNS"):
        with open(place, "a") as runs:
            runs.write("run\\n")
        time.sleep(1)
    if os.environ.get("MIGRATION_DIES"):
        os.kill(os.getpid(), 9)
    op.create_index("ix_user_nickname", "user", ["nickname"])


def downgrade():
    op.drop_index("ix_user_nickname", "user")
    with rebuilt() as user:
        user.drop_column("nickname")
'''


@pytest.fixture
def settings(own_app: Flask) -> Settings:
    return own_app.config["HELPDESK"]


@pytest.fixture
def next_version(own_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The version after this one."""
    folder = tmp_path / "migrations"
    shutil.copytree(paths.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "next.py").write_text(NEXT)
    monkeypatch.setattr(paths, "MIGRATIONS", folder)
    return folder


@pytest.fixture
def data(own_app: Flask) -> dict[str, str]:
    """A desk with some of everything."""
    agent = factories.make_user("agent")
    factories.make_team(members=(agent,))
    factories.make_organization("Flames Ltd")
    for number in range(4):
        files = vault.store_all([(f"flame {number}.txt", BytesIO(b"it burns" * number))])
        ticket = factories.make_ticket(files=files, priority=("low", "urgent")[number % 2])
        support.reply(ticket, agent.id, "We are on it.", is_internal=bool(number % 2))
        support.assign(ticket, agent.id, by=agent)
        if number % 3 == 0:
            support.resolve(ticket, by=agent)
    audit.seal()
    return digests()


def digests(without: frozenset[str] = frozenset()) -> dict[str, str]:
    """A digest of the rows of each table."""
    db.session.remove()
    found: dict[str, str] = {}
    with db.engine.connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                found[table.name] = hashlib.sha256(repr(list(rows(connection, table, without))).encode()).hexdigest()
    return found


def rows(connection: Any, table: Table, without: frozenset[str]) -> Iterator[str]:
    columns = [column for column in table.columns if column.name not in without]
    yield from sorted(map(repr, connection.execute(select(*columns))))


def shape() -> dict[str, Any]:
    """Everything the database says about its tables, predicates of indexes and checks too."""
    db.session.remove()
    with db.engine.connect() as connection:
        if is_sqlite(connection):
            lines = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
            indexes = {name: sql for name, sql in lines if sql.startswith(("CREATE INDEX", "CREATE UNIQUE"))}
        else:
            found = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
            indexes = dict(connection.execute(found).all())
        insight = inspect(connection)
        names = sorted(set(insight.get_table_names()) - {"alembic_version"})
        tables = {name: [told(part(name)) for part in parts(insight)] for name in names}
        indexes = {name: " ".join(sql.split()) for name, sql in indexes.items() if "alembic_version" not in sql}
    return tables | {"indexes": indexes}


def parts(insight: Any) -> tuple[Any, ...]:
    return (
        insight.get_columns,
        insight.get_pk_constraint,
        insight.get_foreign_keys,
        insight.get_unique_constraints,
        insight.get_check_constraints,
    )


def told(found: Any) -> list[str]:
    return sorted(map(repr, found)) if isinstance(found, list) else [repr(found)]


def current() -> str | None:
    db.session.remove()
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def assert_sound() -> None:
    if is_sqlite():
        with db.engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    assert audit.verify().ok
    assert relations.check().is_sound


# -- this version --------------------------------------------------------------------------------------------


def test_the_models_are_what_the_migrations_make(own_app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": db.metadata}
        )
        assert compare_metadata(context, db.metadata) == []
    migrated = shape()
    with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
        db.metadata.drop_all(connection)
        db.metadata.create_all(connection)

    assert shape() == migrated


def test_down_to_nothing_and_up_again_is_a_new_desk(own_app: Flask, settings: Settings, data: dict[str, str]) -> None:
    before = shape()

    migrating.downgrade("base")
    assert digests() == {}
    assert migrating.upgrade(settings) is True

    assert shape() == before
    with writing():
        founding.found()
        commit()
    assert factories.make_ticket().refid
    assert relations.check(fix=True).is_sound  # the files of the old desk are still there
    assert "put back" in audit.verify().problem  # the seals outside of the database remember what is gone


def test_each_revision_has_a_title_and_one_head(own_app: Flask) -> None:
    script = migrating.script()
    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        assert revision.doc.endswith(".")
        assert revision.revision in Path(revision.path).name


def test_a_desk_of_this_version_is_left_alone(own_app: Flask, settings: Settings, data: dict[str, str]) -> None:
    assert migrating.upgrade(settings) is False

    assert digests() == data
    assert not (settings.data_dir / "before-migrations").exists()


# -- the next version ----------------------------------------------------------------------------------------


def test_a_new_version_and_back_and_again_keep_every_row(
    own_app: Flask, settings: Settings, data: dict[str, str], next_version: Path
) -> None:
    before = shape()

    for _time in range(2):
        assert migrating.upgrade(settings) is True
        assert digests(without=frozenset({"nickname"})) == data
        migrating.downgrade(str(HEAD))
        assert digests() == data

    assert_sound()
    assert shape().keys() == before.keys()
    assert shape()["indexes"].keys() == before["indexes"].keys()


def test_a_copy_of_the_data_is_kept_before(
    own_app: Flask, settings: Settings, data: dict[str, str], next_version: Path, kind: str
) -> None:
    migrating.upgrade(settings)

    copies = list((settings.data_dir / "before-migrations").glob("*"))
    assert len(copies) == (1 if kind == databases.SQLITE else 0)  # a server's database is its keeper's to dump
    for copy in copies:
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
            assert kept.execute("SELECT count(*) FROM ticket").fetchone() == (4,)


def test_a_killed_migration_has_changed_nothing_and_is_taken_up_again(
    own_app: Flask, settings: Settings, data: dict[str, str], next_version: Path
) -> None:
    killed = migrate(settings, next_version, MIGRATION_DIES="1")

    assert killed.returncode == -signal.SIGKILL
    assert current() == HEAD
    assert digests() == data
    assert_sound()

    resumed = migrate(settings, next_version)
    assert resumed.returncode == 0, resumed.stderr
    assert current() == "next"
    assert digests(without=frozenset({"nickname"})) == data


def test_of_two_at_once_one_migrates_and_the_other_waits(
    own_app: Flask, settings: Settings, next_version: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL they may be machines without a folder in common."""
    runs = tmp_path / "runs"
    monkeypatch.setenv("MIGRATION_RUNS", str(runs))
    monkeypatch.setattr(connections, "LOCK_SECONDS", 0.3)  # nor does the wait end like that for a row
    db.engine.dispose()
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    errors: list[Exception] = []

    def run(mine: Settings) -> None:
        try:
            with own_app.app_context():
                migrating.upgrade(mine)
        except Exception as error:
            errors.append(error)

    other = settings if kind == databases.SQLITE else elsewhere
    both = [threading.Thread(target=run, args=(mine,)) for mine in (settings, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)

    assert errors == []
    assert runs.read_text() == "run\n"
    assert current() == "next"


def migrate(settings: Settings, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`helpdesk migrate` of the next version, in a process of its own."""
    db.session.remove()
    db.engine.dispose()
    desk = {"HELPDESK_DATA_DIR": str(settings.data_dir)}
    if settings.database_url:
        desk["HELPDESK_DATABASE_URL"] = settings.database_url
    command = [sys.executable, "-c", MIGRATE, "migrate", str(folder)]
    return subprocess.run(command, env=os.environ | desk | env, capture_output=True, text=True, timeout=120)
