"""What the worker does by the clock alone."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk_web import events
from helpdesk_web.database import commit, db, writing
from helpdesk_web.jobs import periodic, run_due
from helpdesk_web.models import (
    AuditEvent,
    AuditSeal,
    Job,
    JobState,
    Submission,
    Ticket,
    TicketStatus,
    Token,
    User,
)
from helpdesk_web.services import tickets, tokens
from helpdesk_web.services.tokens import Purpose
from tests.jobs.tools import only, queue, teach, with_desk


def breaches(ticket: Ticket) -> list[AuditEvent]:
    db.session.rollback()
    found = select(AuditEvent).where(AuditEvent.ticket_id == ticket.id, AuditEvent.event == "sla.breached")
    return list(db.session.scalars(found))


def move(ticket: Ticket, verb: Any, agent: User) -> None:
    with writing():
        verb(ticket, by=agent)
        commit()


@pytest.mark.both
def test_a_broken_promise_is_recorded_once(app: Flask, make_ticket: Any, clock: Any) -> None:
    heard: list[int] = []
    events.SlaBreached.connect(note := lambda _app, ticket_id: heard.append(ticket_id))
    late, fine = make_ticket(priority="high"), make_ticket(priority="low")
    due = late.sla_due_at
    clock.tick(hours=8, seconds=1)
    for _pass in range(3):
        run_due()
        clock.tick(minutes=1)

    assert [event.facts["due"] for event in breaches(late)] == [due.isoformat()]
    assert breaches(fine) == []
    db.session.refresh(late)
    assert late.breached_at == due
    assert heard == [late.id]
    assert note


def test_a_standing_clock_breaks_no_promise(app: Flask, make_ticket: Any, agent: User, clock: Any) -> None:
    ticket = make_ticket(priority="high")
    with writing():
        tickets.set_status(ticket, TicketStatus.PENDING, by=agent)
        commit()
    clock.tick(days=30)
    run_due()

    assert breaches(ticket) == []


@pytest.mark.parametrize("verb", [tickets.resolve, tickets.close])
def test_a_promise_kept_late_is_broken_too(app: Flask, make_ticket: Any, agent: User, clock: Any, verb: Any) -> None:
    ticket = make_ticket(priority="high")
    clock.tick(hours=9)
    move(ticket, verb, agent)
    clock.tick(minutes=5)
    run_due()

    assert len(breaches(ticket)) == 1


@pytest.mark.both
def test_resolved_tickets_close_after_the_desks_days(app: Flask, make_ticket: Any, agent: User, clock: Any) -> None:
    ticket = make_ticket()
    move(ticket, tickets.resolve, agent)
    clock.tick(days=6, hours=23)
    run_due()
    db.session.refresh(ticket)
    assert ticket.is_resolved()

    clock.tick(hours=1)
    assert periodic.close_resolved() == 1
    assert periodic.close_resolved() == 0
    db.session.refresh(ticket)
    assert ticket.is_closed()


def test_reopened_tickets_stay_open(app: Flask, make_ticket: Any, agent: User, clock: Any) -> None:
    ticket = make_ticket()
    move(ticket, tickets.resolve, agent)
    clock.tick(days=6)
    move(ticket, tickets.reopen, agent)
    clock.tick(days=6)
    run_due()

    db.session.refresh(ticket)
    assert ticket.is_open()


def test_zero_days_turn_it_off(app: Flask, make_ticket: Any, agent: User, clock: Any) -> None:
    with_desk(app, auto_close_days=0)
    ticket = make_ticket()
    move(ticket, tickets.resolve, agent)
    clock.tick(days=400)

    assert periodic.close_resolved() == 0
    db.session.refresh(ticket)
    assert ticket.is_resolved()


@pytest.mark.both
def test_the_audit_is_sealed_each_minute(app: Flask, make_ticket: Any, clock: Any) -> None:
    for _minute in range(3):
        make_ticket()
        run_due()
        clock.tick(minutes=1)

    assert db.session.scalar(select(func.count()).select_from(AuditSeal)) == 3
    assert (app.config["HELPDESK"].data_dir / "audit.seals").is_file()


def test_what_is_over_is_forgotten(app: Flask, customer: User, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(monkeypatch, lambda work: None)
    queue()
    with writing():
        tokens.issue(Purpose.RESET, customer)
        db.session.add(Submission(user_id=customer.id, key="k", fingerprint="f", result="r"))
        commit()
    run_due()
    clock.tick(days=60)
    run_due()
    clock.tick(hours=1)
    run_due()

    for table in (Token, Submission):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    assert db.session.scalars(select(Job).where(~Job.kind.startswith("periodic."))).all() == []


def test_a_periodic_job_that_fails_comes_back(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def sometimes(_work: Any) -> None:
        calls.append(1)
        if len(calls) < 8:
            raise OSError("disk full")

    teach(monkeypatch, sometimes, "periodic.test", every=timedelta(minutes=1))
    for _minute in range(10):
        run_due()
        clock.tick(minutes=1)

    assert len(calls) == 10
    assert (only("periodic.test").state, only("periodic.test").last_error) == (JobState.QUEUED, "")
