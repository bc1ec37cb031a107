"""On-call hears of an urgent ticket at once, and once more when nobody answers."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk_web import events, support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.jobs import claim, run_due
from helpdesk_web.jobs import run as job_run
from helpdesk_web.models import AuditEvent, JobState, Ticket, User
from helpdesk_web.services import replies, texts, tickets
from tests import factories
from tests.jobs.test_mailing import Killed, answer
from tests.jobs.tools import mails, only, with_desk
from tests.mailbox import Mailbox

ONCALL = "oncall@example.com"


@pytest.fixture
def on_call(app: Flask, mailbox: Mailbox) -> None:
    with_desk(app, oncall_email=ONCALL)


def alerts() -> list[bool]:
    """The alerts written so far: False the first word, True the second."""
    return [mail.args["still_waiting"] for mail in mails() if mail.template == "oncall_alert"]


def escalations(ticket: Ticket) -> list[AuditEvent]:
    db.session.rollback()
    wanted = select(AuditEvent).where(AuditEvent.ticket_id == ticket.id, AuditEvent.event == "sla.urgent_escalation")
    return list(db.session.scalars(wanted))


@pytest.mark.both
def test_oncall_hears_at_once_and_again_after_an_hour_of_silence(
    app: Flask, on_call: None, mailbox: Mailbox, make_ticket: Any, clock: Any
) -> None:
    heard: list[int] = []
    events.TicketEscalated.connect(note := lambda _app, ticket_id: heard.append(ticket_id))
    ticket = make_ticket(priority="urgent", subject="Everything is down")
    run_due()
    assert mailbox.recipients.count(ONCALL) == 1
    clock.tick(minutes=59)
    run_due()
    assert alerts() == [False]

    clock.tick(minutes=1)
    for _pass in range(3):
        run_due()
        clock.tick(hours=3)

    assert alerts() == [False, True]
    assert mailbox.recipients.count(ONCALL) == 2
    assert "Urgent: Everything is down" in mailbox.subjects()
    assert mailbox.subjects()[-1] == "Still waiting: Everything is down"
    assert "60 minutes" in mailbox.received[-1].get_body(("plain",)).get_content()
    (escalated,) = escalations(ticket)
    assert escalated.facts["expected_resolution"] == ticket.sla_due_at.isoformat()
    assert heard == [ticket.id]
    assert note


@pytest.mark.both
def test_a_crash_in_the_middle_escalates_once(
    app: Flask, on_call: None, make_ticket: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = make_ticket(priority="urgent")
    clock.tick(hours=1)

    def die(*_args: Any) -> None:
        raise Killed

    work = claim.next_due(claim.REST)
    while work and work.kind != "urgent.check":
        work = claim.next_due(claim.REST)
    assert work
    with monkeypatch.context() as patched:
        patched.setattr(job_run, "_complete", die)
        with pytest.raises(Killed):
            job_run.do(work)
    assert (escalations(ticket), alerts()) == ([], [False])

    clock.tick(minutes=2)
    run_due()
    run_due()
    assert (len(escalations(ticket)), alerts()) == (1, [False, True])
    assert only("urgent.check").state is JobState.DONE


def test_a_public_answer_in_time_is_enough(
    app: Flask, on_call: None, make_ticket: Any, agent: User, clock: Any
) -> None:
    ticket = make_ticket(priority="urgent")
    clock.tick(minutes=30)
    answer(ticket, agent)
    clock.tick(hours=2)
    run_due()

    assert (alerts(), escalations(ticket)) == ([False], [])


def test_a_note_is_no_answer(app: Flask, on_call: None, make_ticket: Any, agent: User, clock: Any) -> None:
    ticket = make_ticket(priority="urgent")
    with writing():
        replies.note(ticket, author=agent, message=replies.Message(texts.body("Hm.")))
        commit()
    clock.tick(hours=2)
    run_due()

    assert len(escalations(ticket)) == 1


def test_a_ticket_that_becomes_urgent_counts_from_then(
    app: Flask, on_call: None, make_ticket: Any, agent: User, clock: Any
) -> None:
    ticket = make_ticket(priority="low")
    answer(ticket, agent)
    clock.tick(hours=5)
    with writing():
        tickets.set_priority(ticket, "urgent", by=agent)
        commit()
    run_due()
    assert alerts() == [False]

    clock.tick(hours=1)
    run_due()
    assert (alerts(), len(escalations(ticket))) == ([False, True], 1)


@pytest.mark.parametrize("change", ["resolved", "no longer urgent"])
def test_what_is_settled_is_not_escalated(
    app: Flask, on_call: None, make_ticket: Any, agent: User, clock: Any, change: str
) -> None:
    ticket = make_ticket(priority="urgent")
    with writing():
        if change == "resolved":
            tickets.resolve(ticket, by=agent)
        else:
            tickets.set_priority(ticket, "high", by=agent)
        commit()
    clock.tick(hours=2)
    run_due()

    assert escalations(ticket) == []


def test_a_desk_may_hear_of_the_second_word_only(app: Flask, mailbox: Mailbox, make_ticket: Any, clock: Any) -> None:
    with_desk(app, oncall_email=ONCALL, oncall_at_once=False, escalate_urgent_after_minutes=15)
    make_ticket(priority="urgent")
    run_due()
    assert alerts() == []

    clock.tick(minutes=15)
    run_due()
    assert alerts() == [True]


def test_a_longer_patience_holds_for_tickets_that_wait_already(
    app: Flask, on_call: None, make_ticket: Any, clock: Any
) -> None:
    ticket = make_ticket(priority="urgent")
    with_desk(app, escalate_urgent_after_minutes=120)
    clock.tick(minutes=60)
    run_due()
    assert escalations(ticket) == []

    clock.tick(minutes=60)
    run_due()
    assert len(escalations(ticket)) == 1


def test_only_organisations_of_high_value_where_the_desk_says_so(
    app: Flask, mailbox: Mailbox, make_ticket: Any, make_user: Any, clock: Any
) -> None:
    with_desk(app, oncall_email=ONCALL, escalate_only_high_value=True)
    plain = make_ticket(priority="urgent")
    organisation = factories.make_organization("Gold", high_value=True)
    gold = make_ticket(make_user(organization_id=organisation.id), priority="urgent")
    clock.tick(hours=1)
    run_due()

    assert escalations(plain) == []
    assert len(escalations(gold)) == 1
    assert alerts() == [False, True]


def test_the_escalation_team_gets_the_ticket(app: Flask, on_call: None, make_ticket: Any, clock: Any) -> None:
    team = factories.make_team("Night watch")
    with_desk(app, escalation_team=team.slug)
    ticket = make_ticket(priority="urgent")
    clock.tick(hours=1)
    run_due()

    db.session.refresh(ticket)
    assert ticket.team_id == team.id


def test_without_anybody_on_call_the_audit_still_knows(app: Flask, make_ticket: Any, clock: Any) -> None:
    ticket = make_ticket(priority="urgent")
    clock.tick(hours=1)
    run_due()

    assert len(escalations(ticket)) == 1
    assert alerts() == []


def test_an_alert_goes_to_whoever_is_on_call_when_it_leaves(
    app: Flask, on_call: None, mailbox: Mailbox, make_ticket: Any
) -> None:
    make_ticket(priority="urgent")
    with_desk(app, oncall_email="relief@example.com")
    run_due()

    assert "relief@example.com" in mailbox.recipients
    assert ONCALL not in mailbox.recipients


@pytest.mark.both
def test_what_became_urgent_while_it_was_solved_is_told_once_it_is_open_again(
    app: Flask, on_call: None, mailbox: Mailbox, make_ticket: Any, clock: Any
) -> None:
    ticket = make_ticket()
    support.resolve(ticket)
    clock.tick(minutes=5)
    with writing():
        tickets.set_priority(ticket, "urgent", by=None)
        commit()
    assert alerts() == []

    for _time in range(2):
        support.reopen(ticket)
        clock.tick(minutes=61)
        run_due()
        assert alerts() == [False, True]
        assert len(escalations(ticket)) == 1
        support.resolve(ticket)
        clock.tick(days=2)
