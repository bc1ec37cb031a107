"""Finding the desk a command works on. Only `run` and `demo` make one; only they and `migrate` migrate."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from helpdesk_web import config, create_app, migrating
from helpdesk_web.config import Settings
from helpdesk_web.connections import sqlite_path
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import SetupError, SupportError


class Command(click.Command):
    """Says in one line on stderr what a person can mend, and exits 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SetupError, SupportError) as problem:
            click.echo(str(problem), err=True)
            ctx.exit(1)


class Group(click.Group):
    command_class = Command


@contextmanager
def opened(*, current: bool = True) -> Iterator[Settings]:
    """Work on the desk that is there; `current` asks that its database is of this version."""
    settings = _settings()
    path = sqlite_path(settings.database)
    if path is not None and not path.is_file():  # before the application makes keys in an empty folder
        raise no_desk(settings)
    with _app(settings).app_context():
        try:
            _require_desk(settings, current)
            yield settings
        finally:
            let_go()


@contextmanager
def made() -> Iterator[Settings]:
    """Work on the desk, made and migrated where that is needed."""
    from helpdesk_web.services import founding

    settings = _settings()
    with _app(settings).app_context():
        try:
            with _reachable(settings):
                migrating.upgrade(settings)
            if not founding.is_founded():
                with writing():
                    founding.found()
                    commit()
            yield settings
        finally:
            let_go()


def no_desk(settings: Settings) -> SetupError:
    return SetupError(f"no desk in {_place(settings)}")


def let_go() -> None:
    """Close every database connection, as whoever forks or replaces this process must."""
    from helpdesk_web import throttle

    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()
    throttle.close()


def _settings() -> Settings:
    app = _flasks_app()
    return app.config["HELPDESK"] if app else config.load()


def _app(settings: Settings) -> Flask:
    return _flasks_app() or create_app(settings)


def _flasks_app() -> Flask | None:
    """The application that `flask --app …` has loaded, if it is what runs."""
    info = click.get_current_context().find_object(ScriptInfo)
    return info.load_app() if info else None


def _require_desk(settings: Settings, current: bool) -> None:
    from helpdesk_web.services import founding

    with _reachable(settings), db.engine.connect() as connection:
        if not inspect(connection).has_table("desk") or not founding.is_founded():
            raise no_desk(settings)
        if current and not migrating.is_at_head(connection):
            raise SetupError(f"the desk in {_place(settings)} is of another version: `helpdesk migrate` changes it")


@contextmanager
def _reachable(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OperationalError as problem:
        reason = str(problem.orig).strip().splitlines()[-1]
        raise SetupError(f"the database in {_place(settings)} does not answer: {reason}") from problem


def _place(settings: Settings) -> str:
    if sqlite_path(settings.database) is not None:
        return str(settings.data_dir)
    return make_url(settings.database).render_as_string(hide_password=True)
