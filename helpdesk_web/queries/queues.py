"""The built-in queues: what is in them, how they are sorted, and their counts.

Each condition is a literal that its partial index carries (see models/ticket.py); a test asks the planner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.models import Ticket, TicketPriority, User
from helpdesk_web.permissions import visible_tickets
from helpdesk_web.queries import predicates
from helpdesk_web.services import desk, sla

CAP = 1000  # counts stop here and are shown as "999+"


@dataclass(frozen=True, slots=True)
class Queue:
    """A list of tickets: its conditions for a person at a moment, and its sort column."""

    slug: str
    title: Any
    icon: str
    conditions: Callable[[User, datetime], Sequence[ColumnElement[bool]]]
    sort: Any
    sort_label: Any
    descending: bool = False
    counted: bool = True


def _due_soon(_user: User, now: datetime) -> Sequence[ColumnElement[bool]]:
    """Bounded on the sort column too, so that the index is not walked to its end."""
    latest = now + timedelta(hours=sla.WARN_SHARE * _longest_target())
    return predicates.OPEN, Ticket.queue_due_at > now, Ticket.queue_due_at <= latest, Ticket.warn_at <= now


def _longest_target() -> float:
    priorities = desk.settings().priorities
    return max(priorities.of(priority.value).sla_hours for priority in TicketPriority)


_NEXT_DUE, _NEWEST = _l("Next due first"), _l("Newest first")
_BUILT_IN = (
    Queue(
        "inbox",
        _l("Inbox"),
        "inbox",
        lambda _user, _now: (predicates.INBOX, predicates.ACTIVE),
        Ticket.queue_due_at,
        _NEXT_DUE,
    ),
    Queue(
        "mine",
        _l("Mine"),
        "user",
        lambda user, _now: (predicates.OPEN, Ticket.assignee_id == user.id),
        Ticket.queue_due_at,
        _NEXT_DUE,
    ),
    Queue("due-soon", _l("Due soon"), "clock", _due_soon, Ticket.queue_due_at, _NEXT_DUE),
    Queue(
        "breached",
        _l("Late"),
        "triangle-alert",
        lambda _user, now: (predicates.OPEN, Ticket.queue_due_at <= now),
        Ticket.queue_due_at,
        _l("Longest late first"),
    ),
    Queue(
        "waiting",
        _l("Waiting"),
        "circle-dashed",
        lambda _user, _now: (predicates.WAITING,),
        Ticket.last_activity_at,
        _l("Longest waiting first"),
    ),
    Queue(
        "all-open",
        _l("All open"),
        "layers",
        lambda _user, _now: (predicates.OPEN,),
        Ticket.queue_due_at,
        _NEXT_DUE,
    ),
    Queue(
        "resolved",
        _l("Resolved"),
        "check",
        lambda _user, _now: (predicates.RESOLVED,),
        Ticket.resolved_at,
        _NEWEST,
        descending=True,
        counted=False,
    ),
    Queue(
        "closed",
        _l("Closed"),
        "archive",
        lambda _user, _now: (predicates.CLOSED,),
        Ticket.closed_at,
        _NEWEST,
        descending=True,
        counted=False,
    ),
)
QUEUES: dict[str, Queue] = {queue.slug: queue for queue in _BUILT_IN}
DEFAULT = "inbox"


def within(query: Any, queue: Queue, user: User, now: datetime) -> Any:
    """Narrow a query on Ticket to what this person sees in this queue."""
    return query.where(*queue.conditions(user, now), visible_tickets(user))


def capped(query: Any) -> Any:
    """Count rows up to `CAP`, as a scalar that stands in a select."""
    return select(func.count()).select_from(query.limit(CAP).subquery()).scalar_subquery()


def counts(user: User, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every counted queue's number in one statement, with further scalars by name."""
    now = clock.now()
    asked = {
        f"queue {queue.slug}": capped(within(select(Ticket.id), queue, user, now))
        for queue in _BUILT_IN
        if queue.counted
    }
    asked |= extra or {}
    row = db.session.execute(select(*(scalar.label(name) for name, scalar in asked.items()))).one()
    return dict(zip(asked, row, strict=True))


def rail(counted: dict[str, Any]) -> list[dict[str, Any]]:
    """The queues as the rail shows them."""
    return [
        {
            "slug": queue.slug,
            "title": queue.title,
            "icon": queue.icon,
            "count": counted.get(f"queue {queue.slug}"),
        }
        for queue in _BUILT_IN
    ]
