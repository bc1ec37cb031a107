"""kill -9 of web and worker under load loses nothing that was acknowledged and mails nothing twice.

The promise about mail, exactly: every mail of a durable change arrives; a repeat happens only where the kill
fell between the mail server's 250 and our commit, at most one a kill, and it has the Message-ID of the first.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import databases, servers
from tests.running import wait_until
from tests.stories import judge
from tests.stories.desk import Desk, at_work, close
from tests.stories.load import Ledger

pytestmark = [
    pytest.mark.both,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the process table of Linux"),
]

ROUNDS, FULL_ROUNDS = 5, 100
SEED = 20260504


@pytest.fixture
def desk(kind: str, tmp_path: Path) -> Iterator[Desk]:
    url = servers.new_database(f"crash_{databases.worker_name()}") if kind == databases.POSTGRESQL else None
    with at_work(Desk(tmp_path / "desk", url)) as desk:
        yield desk


def test_nothing_acknowledged_is_lost_or_doubled_by_kills(
    desk: Desk, request: pytest.FixtureRequest, monkeypatch: Any
) -> None:
    chance = random.Random(SEED)
    for _round in range(FULL_ROUNDS if request.config.getoption("--full") else ROUNDS):
        desk.kill_within(chance.uniform(0.3, 3))
    stopped = stop_in_order(desk)
    assert not desk.ledger.problems, desk.ledger.problems[0]
    assert not [begun for begun in desk.ledger.broken[stopped.before :] if begun < stopped.at - 0.5]

    app = desk.app()
    with app.app_context():
        judge.send_the_rest(monkeypatch)
        judge.assert_exactly_once(desk.ledger)
        judge.assert_sound(desk)
        assert judge.assert_mailed(desk) <= len(desk.marks)
    close(app)


class Stopped:
    def __init__(self, ledger: Ledger) -> None:
        self.before, self.at = len(ledger.broken), 0.0


def stop_in_order(desk: Desk) -> Stopped:
    """Start once more: it is ready at once; SIGTERM under load lets what is under way finish."""
    with desk.served() as program:
        wait_until(lambda: program.get("/readyz")[0] == 200)
        stopped = Stopped(desk.ledger)
        desk.wait_for_acknowledgements(20)
        stopped.at = time.monotonic()
        assert program.stop() == 0, program.log
        desk.end_work()
        assert "Traceback" not in program.log, program.log
    return stopped
