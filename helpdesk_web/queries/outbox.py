"""The outbox page: mails that are kept, waiting, sent or set aside, and other jobs that were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web.database import db
from helpdesk_web.models import Job, JobState, Ticket, User
from helpdesk_web.permissions import may, visible_tickets
from helpdesk_web.queries import cursors

PAGE = 50
COUNT_UP_TO = 1000

# The page's words for states; `waiting` includes a mail that is being sent right now.
STATES: dict[str, tuple[JobState, ...]] = {
    "kept": (JobState.KEPT,),
    "waiting": (JobState.QUEUED, JobState.RUNNING),
    "sent": (JobState.DONE,),
    "dead": (JobState.DEAD,),
    "cancelled": (JobState.CANCELLED,),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One mail, or (`template` is None) another job that was set aside."""

    id: int
    kind: str
    template: str | None
    state: str
    recipient: str
    account_name: str
    ticket_refid: str | None
    ticket_subject: str | None
    created_at: datetime
    run_at: datetime
    done_at: datetime | None
    attempts: int
    last_error: str
    can_retry: bool


def mails(reader: User, *, state: str | None = None, cursor: str | None = None, size: int = PAGE) -> cursors.Page:
    """One page of what this person may see of the outbox, the newest first; `state` is a word of `STATES`.

    Staff see the mails of tickets they can see; admins see all, and the jobs that were set aside.
    """
    place = cursors.read(cursor)
    query = _rows().where(_shown_to(reader), Job.state.in_(STATES[state]) if state in STATES else true())
    query = cursors.page(query, (Job.created_at, Job.id), place, descending=True).limit(size + 1)
    rows = [_row(found, reader) for found in db.session.execute(query)]
    return cursors.cut(rows, size, place, lambda row: (row.created_at, row.id))


def counts(reader: User) -> dict[str, int]:
    """How many there are of each state, counted up to `COUNT_UP_TO`."""
    return {
        word: db.session.scalar(
            select(func.count()).select_from(
                select(Job.id)
                .outerjoin(Ticket, Ticket.id == Job.ticket_id)
                .where(_shown_to(reader), Job.state.in_(states))
                .limit(COUNT_UP_TO)
                .subquery()
            )
        )
        or 0
        for word, states in STATES.items()
    }


def find(reader: User, job_id: int) -> Job | None:
    """One mail or job that this person may see, or None."""
    found = select(Job).outerjoin(Ticket, Ticket.id == Job.ticket_id).where(Job.id == job_id, _shown_to(reader))
    return db.session.scalar(found)


def line(reader: User, job_id: int) -> Row | None:
    """One row of the page."""
    found = db.session.execute(_rows().where(Job.id == job_id, _shown_to(reader))).first()
    return _row(found, reader) if found else None


def kept_count() -> int:
    """How many mails wait for a mail server this desk does not have: for the admins' banner."""
    kept = select(Job.id).where(Job.kind == "mail", Job.state == JobState.KEPT).limit(COUNT_UP_TO)
    return db.session.scalar(select(func.count()).select_from(kept.subquery())) or 0


def dead_count() -> int:
    """How many mails and jobs were set aside."""
    dead = select(Job.id).where(Job.state == JobState.DEAD).limit(COUNT_UP_TO)
    return db.session.scalar(select(func.count()).select_from(dead.subquery())) or 0


def may_read_body(reader: User, job: Job) -> bool:
    """Whether this person may read the mail's text.

    Bodies are for admins. One that carries a secret link is not shown to an admin when it belongs to another
    admin: whoever reads the link becomes its owner.
    """
    if not job.is_mail or not reader.is_admin or not reader.is_active:
        return False
    if not job.carries_link or job.account_id == reader.id:
        return True
    owner = db.session.get(User, job.account_id) if job.account_id else None
    return owner is not None and owner.role.rank < reader.role.rank


def _rows() -> Any:
    account = aliased(User)
    return (
        select(
            Job.id,
            Job.kind,
            Job.template,
            Job.state,
            Job.recipient,
            account.name.label("account_name"),
            Ticket.refid,
            Ticket.subject,
            Job.created_at,
            Job.run_at,
            Job.done_at,
            Job.attempts,
            Job.last_error,
        )
        .outerjoin(account, account.id == Job.account_id)
        .outerjoin(Ticket, Ticket.id == Job.ticket_id)
    )


def _shown_to(reader: User) -> ColumnElement[bool]:
    is_mail = Job.kind == "mail"
    if reader.is_admin:
        return or_(is_mail, Job.state == JobState.DEAD)
    return and_(is_mail, Job.ticket_id.is_not(None), visible_tickets(reader))


def _row(found: Any, reader: User | None) -> Row:
    word = next(word for word, states in STATES.items() if found.state in states)
    return Row(
        id=found.id,
        kind=found.kind,
        template=found.template,
        state=word,
        recipient=found.recipient or "",
        account_name=found.account_name or "",
        ticket_refid=found.refid,
        ticket_subject=found.subject,
        created_at=found.created_at,
        run_at=found.run_at,
        done_at=found.done_at,
        attempts=found.attempts,
        last_error=found.last_error,
        can_retry=word in ("dead", "kept") and reader is not None and may(reader, "jobs.retry"),
    )
