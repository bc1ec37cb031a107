"""The hourly rule: how many tickets a customer may open, counted over a sliding hour from the tickets themselves.

Because the tickets are what is counted, the rule survives restarts and holds over every channel; because
`enforce` runs with the customer's row locked, two requests at once cannot both take the last place.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.errors import SupportRateLimitError
from helpdesk_web.models import Reply, Ticket, User
from helpdesk_web.services import desk

WINDOW = timedelta(seconds=3600)
REPLY_WINDOW = timedelta(minutes=1)
REPLIES = 3
AHEAD = timedelta(minutes=5)  # what is later than this was stamped by a clock that has been set back since


def enforce(customer: User) -> None:
    """Raise SupportRateLimitError with the seconds to wait; call it with the customer's row locked."""
    if not customer.is_staff and (wait := _wait(customer.id)):
        raise SupportRateLimitError(retry_after=wait)


def can_create_ticket(user_id: int) -> bool:
    return seconds_until_next(user_id) == 0


def remaining_attempts(user_id: int) -> int:
    """How many tickets the customer may still open within the hour; the whole limit where the rule is off."""
    rule = desk.settings().rate_limit
    if not rule.enabled or _is_staff(user_id):
        return rule.limit
    return max(0, rule.limit - len(_recent(user_id, rule.limit)))


def seconds_until_next(user_id: int) -> int:
    """Seconds until a ticket may be opened, 0 when one may be now."""
    return 0 if _is_staff(user_id) else _wait(user_id)


def _wait(user_id: int) -> int:
    rule = desk.settings().rate_limit
    if not rule.enabled:
        return 0
    if rule.limit == 0:
        return int(WINDOW.total_seconds())
    recent = _recent(user_id, rule.limit)
    if len(recent) < rule.limit:
        return 0
    left = recent[-1] + WINDOW - clock.now()
    return max(1, -int(-left.total_seconds() // 1))


def seconds_until_reply(user_id: int, ticket_id: int) -> int:
    """Seconds until this person may write to this ticket again, 0 when they may now."""
    now = clock.now()
    lately = (Reply.created_at > now - REPLY_WINDOW, Reply.created_at < now + AHEAD)
    mine = (
        select(Reply.created_at)
        .where(Reply.ticket_id == ticket_id, Reply.author_id == user_id, *lately)
        .order_by(Reply.id.desc())
        .limit(REPLIES)
    )
    recent = list(db.session.scalars(mine))
    if len(recent) < REPLIES or _is_staff(user_id):
        return 0
    return max(1, -int(-(recent[-1] + REPLY_WINDOW - now).total_seconds() // 1))


def _recent(user_id: int, limit: int) -> list[datetime]:
    """The newest tickets of the last hour, at most `limit`, newest first."""
    now = clock.now()
    lately = (Ticket.created_at > now - WINDOW, Ticket.created_at < now + AHEAD)
    newest = (
        select(Ticket.created_at)
        .where(Ticket.customer_id == user_id, *lately)
        .order_by(Ticket.created_at.desc())
        .limit(limit)
    )
    return list(db.session.scalars(newest))


def _is_staff(user_id: int) -> bool:
    role = db.session.scalar(select(User.role).where(User.id == user_id))
    return role is not None and role != "customer"


class RateLimiter:
    """What Python callers see: these only look, `open_ticket` enforces."""

    def can_create_ticket(self, user_id: int) -> bool:
        return can_create_ticket(user_id)

    def get_remaining_ticket_attempts(self, user_id: int) -> int:
        return remaining_attempts(user_id)

    def get_time_until_next_ticket(self, user_id: int) -> int:
        return seconds_until_next(user_id)

    def can_reply(self, user_id: int, ticket_id: int) -> bool:
        return seconds_until_reply(user_id, ticket_id) == 0
