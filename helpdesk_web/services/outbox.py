"""Mail that is to leave, and other work for later, written in the transaction that causes it.

Nothing here talks to a mail server: the worker does, once the transaction is durable.
"""

import secrets
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import Table, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from helpdesk_web import clock
from helpdesk_web.database import db, is_sqlite
from helpdesk_web.errors import NotAllowed, SupportError
from helpdesk_web.models import Job, JobState, Ticket, User
from helpdesk_web.permissions import may
from helpdesk_web.services import desk, mail_caps, mailed_links

MAIL = "mail"
TOO_MANY = "too many automatic mails to this address within the hour"

_jobs = cast(Table, Job.__table__)


def enqueue(kind: str, args: dict[str, Any], *, run_at: datetime | None = None, unique_key: str | None = None) -> bool:
    """Let the worker do this once the transaction is durable; a `unique_key` already used makes it a no-op.

    Returns whether a row was written.
    """
    return _insert(kind=kind, args=args, run_at=run_at or clock.now(), unique_key=unique_key, state=JobState.QUEUED)


def post(
    template: str,
    *,
    to: User | int | str,
    ticket: Ticket | None = None,
    args: dict[str, Any] | None = None,
    unique_key: str | None = None,
    run_at: datetime | None = None,
) -> bool:
    """Write one mail to a person (a user or an id) or a bare address; kept when the desk has no mail server.

    Account mails carry their link as `args["link"]`. Returns whether a row was written.
    """
    account_id = to.id if isinstance(to, User) else to if isinstance(to, int) else None
    state, why = _first_state(template, account_id)
    return _insert(
        kind=MAIL,
        template=str(template),
        args=args or {},
        account_id=account_id,
        recipient=_address(to),
        ticket_id=ticket.id if ticket is not None else None,
        message_id=_message_id(),
        unique_key=unique_key,
        run_at=run_at or clock.now(),
        state=state,
        last_error=why,
    )


def retry(job: Job, by: User) -> None:
    """Give a mail or a job that was set aside its attempts again; kept mail leaves by this only."""
    if not may(by, "jobs.retry"):
        raise NotAllowed
    if job.is_mail and not desk.boot().smtp_url:
        raise SupportError(_("This desk has no mail server. Set smtp_url first."))
    if job.carries_link and not mailed_links.token_in(job.args):
        raise SupportError(_("The link of this mail is no longer valid. Ask for a new one."))
    waiting = update(Job).where(Job.id == job.id, Job.state.in_([JobState.DEAD, JobState.KEPT]))
    db.session.execute(
        waiting.values(state=JobState.QUEUED, attempts=0, run_at=clock.now(), last_error="", done_at=None)
    )


def _first_state(template: str, account_id: int | None) -> tuple[Any, Any]:
    """State and reason; who has had enough is counted by the statement that inserts the mail."""
    if not desk.boot().smtp_url:
        return JobState.KEPT, ""
    if account_id is None or (over := mail_caps.too_many(template, account_id)) is None:
        return JobState.QUEUED, ""
    return (
        case((over, JobState.CANCELLED.value), else_=JobState.QUEUED.value),
        case((over, TOO_MANY), else_=""),
    )


def _address(to: User | int | str) -> Any:
    if isinstance(to, int):
        return select(User.email).where(User.id == to).scalar_subquery()
    return to.email if isinstance(to, User) else to


def _message_id() -> str:
    """Unique, and stored before anything is sent, so that a repeat after a crash is recognised as one."""
    return f"<{secrets.token_urlsafe(18)}@{mail_domain()}>"


def mail_domain() -> str:
    """The host of this desk's address; a bare number is no domain for mail."""
    host = urlsplit(desk.boot().origin).hostname or "localhost"
    return "localhost" if ":" in host or host.replace(".", "").isdecimal() else host


def _insert(**values: Any) -> bool:
    values.setdefault("created_at", clock.now())
    insert = (sqlite.insert if is_sqlite() else postgresql.insert)(_jobs).inline()
    once = insert.values(**values).on_conflict_do_nothing(index_elements=[_jobs.c.unique_key])
    written = db.session.connection().execute(once, execution_options={"preserve_rowcount": True})
    return written.rowcount == 1
