"""How much mail an address gets that anybody can cause by typing it into a form.

An open form must not become a cannon: an address gets so many links and receipts an hour, and one that nobody
has confirmed only UNCONFIRMED_AN_HOUR together, one receipt among them.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.models import Job, JobState, User

LINKS = ("verify", "reset", "signin")
RECEIPTS = ("ticket_received",)
LINKS_AN_HOUR = 3
RECEIPTS_AN_HOUR = 5
UNCONFIRMED_AN_HOUR = 3
UNCONFIRMED_RECEIPTS_AN_HOUR = 1


def too_many(template: str, account_id: int) -> ColumnElement[bool] | None:
    """Return the condition under which this person has had enough, for the statement that inserts a mail."""
    if template in LINKS:
        # Serialises them on PostgreSQL; whoever opens a ticket holds this lock already.
        db.session.execute(select(User.id).where(User.id == account_id).with_for_update())
        of_kind, enough = _count(LINKS, account_id), LINKS_AN_HOUR
    elif template in RECEIPTS:
        of_kind, enough = _count(RECEIPTS, account_id), RECEIPTS_AN_HOUR
    else:
        return None
    too_many_for_all = _count(LINKS + RECEIPTS, account_id) >= UNCONFIRMED_AN_HOUR
    if template in RECEIPTS:
        too_many_for_all = or_(too_many_for_all, of_kind >= UNCONFIRMED_RECEIPTS_AN_HOUR)
    unconfirmed = select(User.verified_at.is_(None)).where(User.id == account_id).scalar_subquery()
    condition: ColumnElement[bool] = or_(of_kind >= enough, unconfirmed & too_many_for_all)
    return condition


def _count(templates: tuple[str, ...], account_id: int) -> Any:
    mails = (
        select(func.count())
        .select_from(Job)
        .where(
            Job.account_id == account_id,
            Job.template.in_(templates),
            Job.created_at > clock.now() - timedelta(hours=1),
            Job.state != JobState.CANCELLED,
        )
    )
    return mails.correlate(None).scalar_subquery()
