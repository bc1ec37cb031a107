"""PostgreSQL ends in the middle of everything and comes back: 503 meanwhile, and nothing acknowledged is lost."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import postgres
from tests.running import wait_until
from tests.stories import judge
from tests.stories.desk import Desk, at_work, close

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the process table of Linux")

HEALTHY_SECONDS = 10  # on a machine that does much else; it is one or two where it does not


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[postgres.PostgresServer]:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    try:
        server = postgres.start(tmp_path)
    except postgres.PostgresMissingError as problem:
        pytest.skip(str(problem))
    yield server
    server.stop()


@pytest.fixture
def desk(server: postgres.PostgresServer, tmp_path: Path) -> Iterator[Desk]:
    url = server.create("desk")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER DATABASE desk SET synchronous_commit = on")  # what it acknowledges is in its log
    with at_work(Desk(tmp_path / "desk", url)) as desk:
        yield desk


def test_a_database_that_crashes_under_load_costs_seconds_and_no_word(
    desk: Desk, server: postgres.PostgresServer, monkeypatch: Any
) -> None:
    with desk.served() as program:
        desk.wait_for_acknowledgements(20)
        server.crash_and_restart()
        desk.marks.append(len(desk.mailbox.raw))
        begin = time.monotonic()
        desk.wait_for_acknowledgements(1)
        assert time.monotonic() - begin < HEALTHY_SECONDS
        desk.wait_for_acknowledgements(20)
        wait_until(lambda: program.get("/readyz")[0] == 200)
        assert program.stop() == 0, program.log
        desk.end_work()

    assert desk.ledger.problems == [], program.log  # every answer was 303 or 503
    app = desk.app()
    with app.app_context():
        judge.send_the_rest(monkeypatch)
        judge.assert_exactly_once(desk.ledger)
        judge.assert_sound(desk)
        assert judge.assert_mailed(desk) <= 1
    close(app)
