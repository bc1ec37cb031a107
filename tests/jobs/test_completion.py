"""What a job has done is done, though the database is away just when that is to be noted."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from helpdesk_web.errors import Busy
from helpdesk_web.jobs import claim, run
from helpdesk_web.jobs.loop import run_due
from helpdesk_web.models import JobState
from tests.jobs.tools import only, queue, teach

pytestmark = [pytest.mark.both, pytest.mark.usefixtures("app")]


def lost_connection() -> Exception:
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[misc]
    return OperationalError("UPDATE job", {}, cause)


@pytest.mark.parametrize("failure", [lost_connection, Busy])
def test_it_is_noted_later_and_not_done_again(failure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    failures = [failure() for _time in range(3)]
    finish = claim.finish

    def finish_at_last(*args: Any, **facts: Any) -> None:
        if failures:
            raise failures.pop()
        finish(*args, **facts)

    monkeypatch.setattr(run, "COMPLETION_PAUSE", 0)
    monkeypatch.setattr(claim, "finish", finish_at_last)
    teach(monkeypatch, lambda work: done.append(work.attempt), own_transactions=True)
    queue()

    run_due()

    assert done == [1]
    assert only().state == JobState.DONE
