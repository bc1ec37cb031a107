"""How many receipts an address gets: an open form must not become a cannon.

The links that anybody can have mailed are counted where they are made (`tokens.were_enough`). An address that
nobody has confirmed gets one receipt an hour, and none once it got its links.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.models import Job, JobState, User

RECEIPTS = ("ticket_received",)
AUTOMATIC = (*RECEIPTS, "verify", "reset", "signin")
RECEIPTS_AN_HOUR = 5
UNCONFIRMED_RECEIPTS_AN_HOUR = 1
UNCONFIRMED_AN_HOUR = 3


def too_many(template: str, account_id: int) -> ColumnElement[bool] | None:
    """Return the condition under which this person has had enough, for the statement that inserts a mail."""
    if template not in RECEIPTS:
        return None
    receipts = _count(RECEIPTS, account_id)
    enough_unconfirmed = or_(
        receipts >= UNCONFIRMED_RECEIPTS_AN_HOUR, _count(AUTOMATIC, account_id) >= UNCONFIRMED_AN_HOUR
    )
    unconfirmed = select(User.verified_at.is_(None)).where(User.id == account_id).scalar_subquery()
    return or_(receipts >= RECEIPTS_AN_HOUR, unconfirmed & enough_unconfirmed)


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
