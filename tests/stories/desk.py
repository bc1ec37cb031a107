"""The real server on a desk of its own, with eight clients and a mail server that outlives it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from helpdesk_web.database import db
from tests import databases, factories
from tests.mailbox import Mailbox
from tests.running import Program, alive, children, free_port, started, wait_until
from tests.stories.load import Client, Ledger

RUN = ["-c", "from helpdesk_web.cli import main; main()", "run"]


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

    def end_work(self) -> None:
        self.ledger.over.set()
        for client in self.clients:
            client.join(60)

    def app(self) -> Flask:
        return databases.build_app(self.folder, self.url, smtp_url=self.mailbox.url)


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@contextmanager
def at_work(desk: Desk) -> Iterator[Desk]:
    """Let mail arrive and the clients write, as soon as the desk is served."""
    desk.mailbox.start()
    for client in desk.clients:
        client.start()
    try:
        yield desk
    finally:
        desk.end_work()
        desk.mailbox.stop()
