"""What happens by the clock alone: breaches are recorded, resolved tickets close, what is over is forgotten.

Each works through one batch in the caller's transaction and returns how many it took; none is left at 0.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select

from helpdesk_web import clock, events
from helpdesk_web.database import db
from helpdesk_web.models import Job, JobState, Submission, Ticket
from helpdesk_web.queries import predicates
from helpdesk_web.services import audit, desk, tickets

BATCH = 25  # the write lock is held for some milliseconds
SUBMISSIONS_KEPT = timedelta(days=7)
MAIL_KEPT = timedelta(days=90)
JOBS_KEPT = timedelta(days=1)
LOOK_BACK = timedelta(days=2)  # tickets that were finished late while no worker ran


def record_breaches(limit: int = BATCH) -> int:
    """Write down that the promise was broken, once a ticket, also when it is kept late."""
    now = clock.now()
    finished_late = (
        and_(predicates.RESOLVED, Ticket.resolved_at > now - LOOK_BACK, Ticket.resolved_at >= Ticket.sla_due_at),
        and_(predicates.CLOSED, Ticket.closed_at > now - LOOK_BACK, Ticket.paused_at >= Ticket.sla_due_at),
    )
    done = 0
    for broken in (and_(predicates.OPEN, Ticket.queue_due_at <= now), *finished_late):
        for ticket in _locked(broken, Ticket.breached_at.is_(None), limit=limit - done):
            _record_breach(ticket)
            done += 1
    db.session.flush()
    return done


def close_resolved(limit: int = BATCH) -> int:
    """Close the tickets that were resolved `auto_close_days` ago or earlier; 0 days turns it off."""
    days = desk.settings().auto_close_days
    if not days:
        return 0
    silent = Ticket.resolved_at <= clock.now() - timedelta(days=days)
    resolved = _locked(predicates.RESOLVED, silent, limit=limit)
    for ticket in resolved:
        tickets.close(ticket, by=None, cause="auto-close")
    return len(resolved)


def forget_submissions() -> int:
    """Drop the marks of forms that nobody will send again."""
    old = delete(Submission).where(Submission.created_at < clock.now() - SUBMISSIONS_KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]


def past_jobs(limit: int = 500) -> Sequence[int]:
    """Return jobs long done, and mails long sent; what was set aside or kept stays."""
    now = clock.now()
    over = or_(
        and_(Job.kind == "mail", Job.created_at < now - MAIL_KEPT),
        and_(Job.kind != "mail", Job.created_at < now - JOBS_KEPT),
    )
    ended = Job.state.in_([JobState.DONE, JobState.CANCELLED])
    return db.session.scalars(select(Job.id).where(ended, over).limit(limit)).all()


def drop_jobs(ids: Sequence[int]) -> None:
    db.session.execute(delete(Job).where(Job.id.in_(ids)))


def _record_breach(ticket: Ticket) -> None:
    ticket.breached_at = ticket.sla_due_at
    ticket.version += 1
    audit.record(ticket, None, "sla.breached", {"due": ticket.sla_due_at.isoformat()})
    events.later(events.SlaBreached, ticket_id=ticket.id)


def _locked(*where: Any, limit: int) -> Sequence[Ticket]:
    """Tickets under their locks; one that somebody works on right now is left for the next time."""
    found = select(Ticket).where(*where).order_by(Ticket.id).limit(limit).with_for_update(skip_locked=True)
    return db.session.scalars(found.execution_options(populate_existing=True)).all()
