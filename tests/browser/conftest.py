"""One server with its worker and one browser a run; people and tickets are made through the services."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from helpdesk_web.database import db
from helpdesk_web.extensions import limiter
from helpdesk_web.models import User
from helpdesk_web.services import passwords
from tests import chromium, databases, factories
from tests.browser import desk as desks
from tests.browser.screen import Screen
from tests.running import Program

PASSWORD = "a quiet orange tree"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with desks.chromium(chromium.executable()) as started:
        yield started


@pytest.fixture(scope="session")
def server(
    browser: Browser, sqlite_desk: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, Flask]]:
    """The desk as a user would start it, and the application in this process on the same data."""
    folder = tmp_path_factory.mktemp("browser") / "desk"
    app = databases.copied_app(sqlite_desk.config["HELPDESK"].data_dir, folder)
    with desks.served(folder) as program:
        yield program, app


@pytest.fixture
def desk(server: tuple[Program, Flask]) -> Iterator[Flask]:
    """The running desk's application; what a test writes with it the server sees."""
    _program, app = server
    with app.app_context():
        limiter.reset()
        yield app
        db.session.remove()


@pytest.fixture
def person(desk: Flask) -> Callable[..., User]:
    """Make somebody who can sign in with PASSWORD."""
    password_hash = passwords.hash_password(PASSWORD)

    def make(role: str, name: str, **facts: Any) -> User:
        return factories.make_user(role, name=name, password_hash=password_hash, **facts)

    return make


@pytest.fixture
def screen(server: tuple[Program, Flask], browser: Browser) -> Iterator[Callable[..., Screen]]:
    """Open a browser window, signed in as this person (`None`: a stranger); closing it judges what it saw."""
    program, _app = server
    with ExitStack() as windows:

        def open_window(user: User | None = None, **options: Any) -> Screen:
            window = windows.enter_context(Screen(browser, program.url, **options))
            if user is not None:
                cookie = {"name": "helpdesk_session", "value": factories.session_of(user), "url": program.url}
                window.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Lax"}])
            return window

        yield open_window


@pytest.fixture
def fresh() -> Callable[[Any], Any]:
    """Read a row as the server left it."""

    def read(row: Any) -> Any:
        db.session.rollback()
        db.session.refresh(row)
        return row

    return read
