"""Urgent tickets that nobody answers: on-call hears of them again, and the audit keeps it."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from helpdesk_web import clock, events
from helpdesk_web.database import db
from helpdesk_web.models import Reply, Team, Ticket
from helpdesk_web.services import audit, desk, notifications, tickets


def check(ticket_id: int, *, since: datetime) -> datetime | None:
    """Escalate a ticket that is urgent since then and had no public answer, when its minutes are over.

    Returns when to look again if the desk gives it more minutes by now. The caller's transaction also ends
    the job that called, so it happens once.
    """
    locked = select(Ticket).where(Ticket.id == ticket_id).with_for_update()
    ticket = db.session.scalar(locked.execution_options(populate_existing=True))
    if ticket is None or not _still_waits(ticket, since):
        return None
    due = since + timedelta(minutes=desk.settings().escalate_urgent_after_minutes)
    if clock.now() < due:
        return due
    _escalate(ticket, since)
    return None


def _still_waits(ticket: Ticket, since: datetime) -> bool:
    if not ticket.is_open() or not ticket.is_urgent() or ticket.urgent_since != since:
        return False
    if not notifications.concerns_oncall(ticket):
        return False
    answer = select(Reply.id).where(
        Reply.ticket_id == ticket.id, Reply.by_staff, Reply.is_internal.is_(False), Reply.created_at >= since
    )
    return db.session.scalar(answer.limit(1)) is None


def _escalate(ticket: Ticket, since: datetime) -> None:
    now = clock.now()
    _hand_over(ticket)
    minutes = int((now - since).total_seconds() // 60)
    facts = {"expected_resolution": ticket.sla_due_at.isoformat(), "waited_minutes": minutes}
    tickets.touch(ticket, now)
    audit.record(ticket, None, "sla.urgent_escalation", facts)
    notifications.still_waiting(ticket, minutes)
    events.later(events.TicketEscalated, ticket_id=ticket.id)
    db.session.flush()


def _hand_over(ticket: Ticket) -> None:
    """Give the ticket to the desk's escalation team, where there is one."""
    wanted = desk.settings().escalation_team
    if not wanted:
        return
    team_id = db.session.scalar(
        select(Team.id).where(or_(Team.slug == wanted, Team.name == wanted)).order_by(Team.id).limit(1)
    )
    if team_id is None or team_id == ticket.team_id:
        return
    before, ticket.team_id = ticket.team_id, team_id
    audit.record(ticket, None, "ticket.team_changed", {"from": before, "to": team_id})
