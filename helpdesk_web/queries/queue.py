"""One page of a queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from helpdesk_web import clock
from helpdesk_web.database import FAR, db
from helpdesk_web.i18n import zone_of
from helpdesk_web.models import Tag, Team, Ticket, User, Visit, ticket_tag
from helpdesk_web.models.user import initials
from helpdesk_web.queries import cursors, promises, queues
from helpdesk_web.queries.queues import Queue
from helpdesk_web.services import desk

PAGE = 50

_assignee = aliased(User)
_customer = aliased(User)
_COLUMNS = (
    Ticket.id,
    Ticket.refid,
    Ticket.subject,
    Ticket.preview,
    Ticket.status,
    Ticket.priority,
    Ticket.queue_due_at,
    Ticket.sla_due_at,
    Ticket.warn_at,
    Ticket.paused_at,
    Ticket.resolved_at,
    Ticket.closed_at,
    Ticket.last_activity_at,
    _customer.name.label("customer_name"),
    _assignee.name.label("assignee_name"),
    Team.name.label("team_name"),
    Visit.seen_at,
)


class Row(NamedTuple):
    """A line of the queue."""

    id: int
    refid: str
    subject: str
    preview: str
    status: str
    priority: str
    customer_name: str
    assignee_name: str | None
    assignee_initials: str | None
    team_name: str | None
    tags: list[str]
    sla_state: str
    sla_text: str
    sla_share: int
    last_activity_at: datetime
    unread: bool
    group: str
    place: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are due in the same stretch of time."""

    key: str
    title: str
    count: int | None
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Listing:
    """What the queue page shows."""

    groups: list[Group]
    total: int
    next_cursor: str | None
    prev_cursor: str | None
    counted: dict[str, Any]


def listing(queue: Queue, user: User, cursor: str | None, size: int = PAGE) -> Listing:
    """Read one page: the rows, their tags, and all counts; three statements."""
    now, place = clock.now(), cursors.read(cursor)
    query = (
        select(*_COLUMNS)
        .join(_customer, _customer.id == Ticket.customer_id)
        .outerjoin(_assignee, _assignee.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .outerjoin(Visit, (Visit.ticket_id == Ticket.id) & (Visit.user_id == user.id))
    )
    query = queues.within(query, queue, user, now)
    query = cursors.page(query, (queue.sort, Ticket.id), place, descending=queue.descending).limit(size + 1)
    found = list(db.session.execute(query))
    tags = _tags([row.id for row in found])
    rows = [_row(row, queue, tags.get(row.id, []), now) for row in found]
    page = cursors.cut(rows, size, place, lambda row: (row.place, row.id))
    counted = queues.counts(user, _group_counts(queue, user, now))
    total = counted.get(f"queue {queue.slug}")
    return Listing(_grouped(page.rows, counted), len(rows) if total is None else total, *page[1:], counted)


def bounds(now: datetime) -> dict[str, tuple[datetime | None, datetime]]:
    """The stretches of time a queue is cut by, each up to but without its end."""
    hour = now + timedelta(hours=1)
    local = zone_of(now)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = max(midnight, zone_of(hour))
    return {"late": (None, now), "hour": (now, hour), "today": (hour, tomorrow), "later": (tomorrow, FAR)}


def _group_counts(queue: Queue, user: User, now: datetime) -> dict[str, Any]:
    if queue.sort is not Ticket.queue_due_at:
        return {}
    asked = {}
    within = queues.within(select(Ticket.id), queue, user, now)
    for key, (start, end) in bounds(now).items():
        stretch = within.where(Ticket.queue_due_at <= now if key == "late" else Ticket.queue_due_at < end)
        asked[f"group {key}"] = queues.capped(stretch.where(Ticket.queue_due_at > start) if start else stretch)
    asked["group paused"] = queues.capped(within.where(Ticket.queue_due_at == FAR))
    return asked


def _grouped(rows: list[Row], counted: dict[str, Any]) -> list[Group]:
    titles = {
        "late": _("Late"),
        "hour": _("Within the hour"),
        "today": _("Today"),
        "later": _("Tomorrow and later"),
        "paused": _("Clock stands still"),
        "none": "",
    }
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return [Group(key, titles[key], counted.get(f"group {key}"), rows) for key, rows in groups.items()]


def _row(row: Any, queue: Queue, tags: list[str], now: datetime) -> Row:
    promise = promises.of_row(
        is_open=row.status.is_open,
        due_at=row.sla_due_at,
        warn_at=row.warn_at,
        paused_at=row.paused_at,
        hours=desk.settings().priorities.of(row.priority.value).sla_hours,
        now=now,
    )
    return Row(
        id=row.id,
        refid=row.refid,
        subject=row.subject,
        preview=row.preview,
        status=row.status.value,
        priority=row.priority.value,
        customer_name=row.customer_name,
        assignee_name=row.assignee_name,
        assignee_initials=initials(row.assignee_name) if row.assignee_name else None,
        team_name=row.team_name,
        tags=tags,
        sla_state=promise.state,
        sla_text=promise.text,
        sla_share=promise.share,
        last_activity_at=row.last_activity_at,
        unread=row.seen_at is None or row.seen_at < row.last_activity_at,
        group=_group_of(row, queue, now),
        place=getattr(row, queue.sort.key),
    )


def _group_of(row: Any, queue: Queue, now: datetime) -> str:
    if queue.sort is not Ticket.queue_due_at:
        return "none"
    if row.queue_due_at == FAR:
        return "paused"
    return next((key for key, (_start, end) in bounds(now).items() if row.queue_due_at <= end), "later")


def _tags(ticket_ids: list[int]) -> dict[int, list[str]]:
    if not ticket_ids:
        return {}
    query = (
        select(ticket_tag.c.ticket_id, Tag.name)
        .join(Tag, Tag.id == ticket_tag.c.tag_id)
        .where(ticket_tag.c.ticket_id.in_(ticket_ids))
        .order_by(Tag.name)
    )
    found: dict[int, list[str]] = {}
    for ticket_id, name in db.session.execute(query):
        found.setdefault(ticket_id, []).append(name)
    return found
