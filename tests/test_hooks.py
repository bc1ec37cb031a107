"""The tests' own watch over write transactions sees what it is there for."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import render_template

from helpdesk_web import markup, support
from helpdesk_web.database import commit, writing
from helpdesk_web.services import passwords
from tests import hooks

pytestmark = pytest.mark.usefixtures("app")


def connect() -> None:
    with socket.socket() as mail_server, pytest.raises(OSError, match="refused"):
        mail_server.connect(("127.0.0.1", 1))


def work(seconds: float) -> None:
    begin = time.thread_time()
    while time.thread_time() - begin < seconds:
        pass


DEEDS: dict[str, Callable[[], Any]] = {
    "hashes a password": lambda: passwords.hash_password("correct horse battery"),
    "checks a password": lambda: passwords.matches(None, "correct horse battery"),
    "opens a connection": connect,
    "renders a template": lambda: render_template("errors/_toast.html", message="Hm."),
    "renders Markdown": lambda: markup.render_markdown("**Hm.**"),
    "holds the write lock": lambda: work(3 * hooks.LONGEST_SECONDS * hooks.slowness()),
}


def write(act: Callable[[], Any]) -> list[str]:
    """Let the product write while it does this; what the watch said, which this test then forgives."""
    for _turn in range(2):  # the first of a place is not timed
        support._write(act)
    said = list(hooks.faults)
    hooks.faults.clear()
    return said


@pytest.mark.parametrize("deed", DEEDS)
def test_what_takes_its_time_under_the_write_lock_is_seen(app: Any, deed: str) -> None:
    with app.test_request_context():
        said = write(DEEDS[deed])

    assert said
    assert all(line.startswith("support.py:") and deed in line for line in said)


def test_waiting_is_not_work() -> None:
    assert write(lambda: time.sleep(0.06)) == []


def test_what_tests_write_is_theirs() -> None:
    with writing():
        passwords.hash_password("correct horse battery")
        commit()

    assert hooks.faults == []


def test_outside_of_a_write_everything_may_be_done() -> None:
    passwords.hash_password("correct horse battery")

    assert hooks.faults == []
