"""The built-in queues: what is in them, how they are sorted, and their counts.

Each condition is a literal that its partial index carries (see models/ticket.py); a test asks the planner.
Statements are built once per kind of reader and filled with parameters: building one costs more than running it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, bindparam, func, select, true
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import Moment, db
from helpdesk_web.models import Ticket, TicketPriority, User
from helpdesk_web.permissions import visible_to_agent
from helpdesk_web.queries import predicates
from helpdesk_web.services import desk, sla

CAP = 1000  # counts stop here and are shown as "999+"

ME = bindparam("me", type_=Integer)
NOW = bindparam("now", type_=Moment)
SOON = bindparam("soon", type_=Moment)  # where "due soon" ends at the latest, so that its index is not walked on


@dataclass(frozen=True, slots=True)
class Queue:
    """A list of tickets: its conditions, with `ME`, `NOW` and `SOON` as parameters, and its sort column."""

    slug: str
    title: Any
    icon: str
    conditions: Sequence[ColumnElement[bool]]
    sort: Any
    sort_label: Any
    descending: bool = False
    counted: bool = True


_DUE, _NEXT_DUE, _NEWEST = Ticket.queue_due_at, _l("Next due first"), _l("Newest first")
_LONGEST_LATE, _LONGEST_WAITING = _l("Longest late first"), _l("Longest waiting first")
_SOON = (predicates.OPEN, _DUE > NOW, _DUE <= SOON, Ticket.warn_at <= NOW)
_LATE = (predicates.OPEN, _DUE <= NOW)
_MINE = (predicates.OPEN, Ticket.assignee_id == ME)
_BUILT_IN = (
    Queue("inbox", _l("Inbox"), "inbox", (predicates.INBOX, predicates.ACTIVE), _DUE, _NEXT_DUE),
    Queue("mine", _l("Mine"), "user", _MINE, _DUE, _NEXT_DUE),
    Queue("due-soon", _l("Due soon"), "clock", _SOON, _DUE, _NEXT_DUE),
    Queue("breached", _l("Late"), "triangle-alert", _LATE, _DUE, _LONGEST_LATE),
    Queue("waiting", _l("Waiting"), "circle-dashed", (predicates.WAITING,), Ticket.last_activity_at, _LONGEST_WAITING),
    Queue("all-open", _l("All open"), "layers", (predicates.OPEN,), _DUE, _NEXT_DUE),
    Queue(
        "resolved", _l("Resolved"), "check", (predicates.RESOLVED,), Ticket.resolved_at, _NEWEST, True, counted=False
    ),
    Queue("closed", _l("Closed"), "archive", (predicates.CLOSED,), Ticket.closed_at, _NEWEST, True, counted=False),
)
QUEUES: dict[str, Queue] = {queue.slug: queue for queue in _BUILT_IN}
DEFAULT = "inbox"


def within(query: Any, queue: Queue, sees_all: bool) -> Any:
    """Narrow a query on Ticket to what a member of staff sees in this queue; fill it with `facts`."""
    return query.where(*queue.conditions, true() if sees_all else visible_to_agent(ME))


def facts(user: User, now: datetime) -> dict[str, Any]:
    """The parameters of every statement on queues."""
    priorities = desk.settings().priorities
    longest = max(priorities.of(priority.value).sla_hours for priority in TicketPriority)
    return {"me": user.id, "now": now, "soon": now + timedelta(hours=sla.WARN_SHARE * longest)}


def capped(query: Any) -> Any:
    """Count rows up to `CAP`, as a scalar that stands in a select."""
    return select(func.count()).select_from(query.limit(CAP).subquery()).scalar_subquery()


@lru_cache(maxsize=4)
def counters(sees_all: bool) -> dict[str, Any]:
    """Every counted queue's number as a scalar."""
    return {
        f"queue {queue.slug}": capped(within(select(Ticket.id), queue, sees_all))
        for queue in _BUILT_IN
        if queue.counted
    }


@lru_cache(maxsize=4)
def _counts(sees_all: bool) -> Any:
    return scalars(counters(sees_all))


def scalars(asked: dict[str, Any]) -> Any:
    """One statement for all of these scalars."""
    return select(*(scalar.label(name) for name, scalar in asked.items()))


def counts(user: User) -> dict[str, Any]:
    """Every counted queue's number, in one statement."""
    return read(_counts(user.is_supervisor), facts(user, clock.now()))


def read(statement: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    return dict(db.session.execute(statement, parameters).one()._mapping)


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
