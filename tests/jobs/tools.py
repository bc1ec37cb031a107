"""What tests of the worker do over and over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from helpdesk_web.database import commit, db, writing
from helpdesk_web.desk_settings import DeskSettings
from helpdesk_web.jobs.tasks import TASKS, Task, Work
from helpdesk_web.models import Job
from helpdesk_web.services import desk, outbox

DO = "test.do"


def teach(monkeypatch: pytest.MonkeyPatch, handler: Callable[[Work], Any], kind: str = DO, **facts: Any) -> None:
    """Let the worker know one more kind of job."""
    usual: dict[str, Any] = {
        "attempts": 3,
        "first_gap": timedelta(seconds=5),
        "growth": 4.0,
        "longest_gap": timedelta(minutes=30),
    }
    monkeypatch.setitem(TASKS, kind, Task(handler, **usual | facts))


def queue(kind: str = DO, **args: Any) -> None:
    with writing():
        outbox.enqueue(kind, args)
        commit()


def only(kind: str = DO) -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.kind == kind).execution_options(populate_existing=True)).one()


def mails() -> list[Job]:
    db.session.rollback()
    rows = select(Job).where(Job.kind == "mail").order_by(Job.id).execution_options(populate_existing=True)
    return list(db.session.scalars(rows))


def with_desk(app: Any, **settings: Any) -> None:
    """Give the desk these settings, as the environment would."""
    assert settings.keys() <= DeskSettings.model_fields.keys()
    before = app.config["HELPDESK"]
    app.config["HELPDESK"] = before.__class__.model_validate(before.model_dump(exclude_unset=True) | settings)
    desk.forget()
