"""What every test can ask for."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpdesk_web import clock as product_clock
from helpdesk_web.database import db
from helpdesk_web.extensions import limiter
from helpdesk_web.models import Category, Ticket, User
from helpdesk_web.services import desk
from tests import databases, factories, hooks, servers
from tests.clocks import FrozenClock

NOW = dt.datetime(2026, 5, 4, 9, 0, tzinfo=dt.UTC)  # a Monday


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="generated tests with their full counts, slow tests too")


def pytest_configure(config: pytest.Config) -> None:
    servers.start(config)
    hooks.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both"):
        metafunc.parametrize("kind", [databases.SQLITE, databases.POSTGRESQL], scope="session")


@pytest.fixture(autouse=True)
def short_writes() -> Iterator[None]:
    """Fail the test whose write transactions do what belongs outside of them."""
    hooks.faults.clear()
    yield
    if hooks.faults:
        pytest.fail("\n".join(dict.fromkeys(hooks.faults)), pytrace=False)


@pytest.fixture(scope="session")
def kind() -> str:
    return databases.SQLITE


@pytest.fixture(scope="session")
def sqlite_desk(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One migrated SQLite desk a worker."""
    return databases.migrated_app(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="session")
def postgres_desk(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One migrated PostgreSQL desk a worker."""
    url = servers.new_database(f"desk_{databases.worker_name()}")
    return databases.migrated_app(tmp_path_factory.mktemp("desk_pg"), url)


@pytest.fixture
def desk_app(kind: str, request: pytest.FixtureRequest) -> Flask:
    return request.getfixturevalue("postgres_desk" if kind == databases.POSTGRESQL else "sqlite_desk")


@pytest.fixture
def app(desk_app: Flask) -> Iterator[Flask]:
    """The application; whatever the test writes is rolled back."""
    settings, config = desk_app.config["HELPDESK"], dict(desk_app.config)
    with databases.rolled_back(desk_app), desk_app.app_context():
        limiter.reset()
        desk.forget()
        yield desk_app
        db.session.rollback()
    shutil.rmtree(settings.vault_dir, ignore_errors=True)
    (settings.data_dir / "audit.seals").unlink(missing_ok=True)  # the seals it remembers are rolled back
    desk_app.config.clear()
    desk_app.config.update(config)


@pytest.fixture
def own_app(kind: str, sqlite_desk: Flask, tmp_path: Path) -> Iterator[Flask]:
    """An application with a database of its own and real commits, for races and crashes."""
    if kind == databases.POSTGRESQL:
        name = f"own_{databases.worker_name()}"
        built = databases.migrated_app(tmp_path / "desk", servers.new_database(name))
    else:
        template = sqlite_desk.config["HELPDESK"].data_dir
        built = databases.copied_app(template, tmp_path / "desk")
    with built.app_context():
        limiter.reset()
        yield built
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FrozenClock:
    """Time stands still until `clock.tick(hours=1)`."""
    frozen = FrozenClock(NOW)
    monkeypatch.setattr(product_clock, "now", frozen.now)
    return frozen


@pytest.fixture
def make_user(app: Flask) -> Callable[..., User]:
    return factories.make_user


@pytest.fixture
def make_category(app: Flask) -> Callable[..., Category]:
    return factories.make_category


@pytest.fixture
def make_ticket(app: Flask) -> Callable[..., Ticket]:
    return factories.make_ticket


@pytest.fixture
def client_for(app: Flask) -> Callable[..., FlaskClient]:
    """Return a browser signed in as this person (`None`: a stranger)."""

    def sign_in(user: User | None = None) -> FlaskClient:
        return factories.browser(app, user)

    return sign_in


@pytest.fixture
def customer(make_user: Any) -> User:
    return make_user("customer", name="Carol Customer")


@pytest.fixture
def agent(make_user: Any) -> User:
    return make_user("agent", name="Alex Agent")


@pytest.fixture
def agent_client(client_for: Any, agent: User) -> FlaskClient:
    return client_for(agent)


@pytest.fixture
def customer_client(client_for: Any, customer: User) -> FlaskClient:
    return client_for(customer)
