"""kill -9 of web and worker under load loses nothing that was acknowledged and mails nothing twice.

The promise about mail, exactly: every mail of a durable change arrives; a repeat happens only where the kill
fell between the mail server's 250 and our commit, at most one a kill, and it has the Message-ID of the first.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from helpdesk_web import audit, clock, relations
from helpdesk_web.database import db
from helpdesk_web.jobs.loop import run_due
from helpdesk_web.models import Attachment, Blob, Job, JobState, Reply, Ticket
from tests import databases, factories, servers
from tests.mailbox import Mailbox
from tests.running import Program, alive, children, free_port, started, wait_until
from tests.stories.load import Client, Ledger

pytestmark = [
    pytest.mark.both,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the process table of Linux"),
]

RUN = ["-c", "from helpdesk_web.cli import main; main()", "run"]
ROUNDS, FULL_ROUNDS = 5, 100
SEED = 20260504


class Desk:
    """A desk on disk, its database, a mail server that no kill reaches, and eight clients."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url, self.port = folder, url, free_port()
        self.ledger, self.mailbox = Ledger(), Mailbox()
        self.marks: list[int] = []  # how many mails had arrived at each kill
        self.environment = {
            "HELPDESK_SMTP_URL": self.mailbox.url,
            "HELPDESK_RATE_LIMIT__ENABLED": "false",
            "HELPDESK_PROXY_HOPS": "1",
            **({"HELPDESK_DATABASE_URL": url} if url else {}),
        }
        self.clients = list(self._people())

    def _people(self) -> Iterator[Client]:
        app = databases.migrated_app(self.folder, self.url)
        with app.app_context():
            factories.make_category()
            for number in range(8):
                staff = number % 2 == 1
                session = factories.session_of(factories.make_user("agent" if staff else "customer"))
                yield Client(self.port, session, staff=staff, ledger=self.ledger, seed=number)
        close(app)

    @contextmanager
    def served(self) -> Iterator[Program]:
        with started(RUN, data_dir=self.folder, port=self.port, **self.environment) as program:
            program.wait_until_served("/healthz")
            self.ledger.served.set()
            yield program
            self.ledger.served.clear()

    def wait_for_acknowledgements(self, number: int) -> None:
        enough = len(self.ledger.acknowledged) + number
        wait_until(lambda: len(self.ledger.acknowledged) >= enough or self.ledger.problems, 60)

    def kill_within(self, seconds: float) -> None:
        """Serve, kill all that serves so long after the first answer, and note how many mails had arrived."""
        with self.served() as program:
            family = [program.process.pid, *children(program.process.pid)]
            self.wait_for_acknowledgements(1)
            time.sleep(seconds)
            os.killpg(program.process.pid, signal.SIGKILL)
            wait_until(lambda: not any(alive(pid) for pid in family[1:]))
            assert program.process.wait(20) == -signal.SIGKILL, program.log
            assert "Traceback" not in program.log, program.log
        time.sleep(0.1)  # a mail whose last byte had left is taken though its sender is dead
        self.marks.append(len(self.mailbox.raw))

    def app(self) -> Flask:
        return databases.build_app(self.folder, self.url, smtp_url=self.mailbox.url)


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def desk(kind: str, tmp_path: Path) -> Iterator[Desk]:
    url = servers.new_database(f"crash_{databases.worker_name()}") if kind == databases.POSTGRESQL else None
    desk = Desk(tmp_path / "desk", url)
    desk.mailbox.start()
    for client in desk.clients:
        client.start()
    yield desk
    desk.ledger.over.set()
    for client in desk.clients:
        client.join(60)
    desk.mailbox.stop()


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
        send_the_rest(monkeypatch)
        assert_exactly_once(desk.ledger)
        assert_sound(desk)
        repeats = assert_mailed(desk)
        assert repeats <= len(desk.marks)
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
        desk.ledger.over.set()
        for client in desk.clients:
            client.join(60)
        assert "Traceback" not in program.log, program.log
    return stopped


def send_the_rest(monkeypatch: Any) -> None:
    """The leases of the killed worker end, and the next one sends what is left."""
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=1))
    waiting = select(func.count()).where(Job.kind == "mail", Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
    wait_until(lambda: run_due(500) >= 0 and db.session.scalar(waiting) == 0, 120)


# -- the judge -----------------------------------------------------------------------------------------------


def assert_exactly_once(ledger: Ledger) -> None:
    said = Counter(db.session.scalars(select(Reply.message)))
    subjects = Counter(db.session.scalars(select(Ticket.subject)))
    files: Counter[tuple[str, str]] = Counter()
    attached = select(Reply.message, Attachment.digest).join(Attachment, Attachment.reply_id == Reply.id)
    for message, digest in db.session.execute(attached):
        files[message, digest] += 1
    assert len(ledger.acknowledged) > 40  # the kills fell into a load
    for word in ledger.words:
        times = {said[word.text], *([subjects[word.text]] if word.kind == "ticket" else [])}
        times |= {files[word.text, word.digest]} if word.digest else set()
        assert times == {1} if word.answered else times in ({0}, {1}), (word, times)
    assert said.keys() <= {word.text for word in ledger.words}


def assert_sound(desk: Desk) -> None:
    if desk.url is None:
        assert db.session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
    verdict = audit.verify()
    assert verdict.ok, str(verdict)
    findings = relations.check()  # among others: each attachment's file is there, and its content hashes to its name
    assert findings.is_sound, list(map(str, findings.left))
    vault = desk.folder / "vault"
    assert all((vault / digest[:2] / digest).is_file() for digest in db.session.scalars(select(Blob.digest)))


def assert_mailed(desk: Desk) -> int:
    """Every mail arrived, none that no durable change had caused; return how many came twice."""
    rows = db.session.execute(select(Job.message_id, Job.state, Job.unique_key).where(Job.kind == "mail")).all()
    arrived = [str(message["Message-ID"]) for message in desk.mailbox.received]
    assert {row.state for row in rows} <= {JobState.DONE, JobState.CANCELLED}
    assert set(arrived) == {row.message_id for row in rows if row.state is JobState.DONE}
    answers = select(Reply.id).where(Reply.by_staff, ~Reply.is_internal)
    sent = {row.unique_key for row in rows if row.state is JobState.DONE}
    assert {f"reply:{number}" for number in db.session.scalars(answers)} <= sent
    return count_repeats(arrived, desk)


def count_repeats(arrived: list[str], desk: Desk) -> int:
    """A mail came twice only if it was the last to arrive before a kill, which therefore fell before the commit."""
    last_before_a_kill = [mark - 1 for mark in desk.marks]
    repeats = 0
    for message_id, times in Counter(arrived).items():
        earlier = [place for place, one in enumerate(arrived) if one == message_id][:-1]
        assert set(earlier) <= set(last_before_a_kill), (message_id, earlier, desk.marks)
        assert len({desk.mailbox.raw[place] for place in earlier}) <= 1
        repeats += times - 1
    return repeats
