"""One page of a queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from helpdesk_web import clock
from helpdesk_web.database import FAR, Moment, db
from helpdesk_web.i18n import zone_of
from helpdesk_web.models import Tag, Team, Ticket, TicketPriority, User, Visit, ticket_tag
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
    facts = queues.facts(user, now)
    statement = _rows(user.is_supervisor, queue.slug, cursors.way(place), size + 1)
    found = db.session.execute(statement, facts | cursors.facts(place)).all()
    tags, seen = _tags([row.id for row in found]), _Seen.at(now)
    rows = [_row(row, queue, tags.get(row.id, []), seen) for row in found]
    page = cursors.cut(rows, size, place, lambda row: (row.place, row.id))
    ends = {key: end for key, end in seen.ends.items() if key != "late"}
    counted = queues.read(_counts(user.is_supervisor, queue.slug), facts | {f"end_{key}": ends[key] for key in ends})
    total = counted.get(f"queue {queue.slug}")
    return Listing(_grouped(page.rows, counted), len(rows) if total is None else total, *page[1:], counted)


class _Seen(NamedTuple):
    """The moment a page is made: where its groups end, and what each priority promises."""

    now: datetime
    ends: dict[str, datetime]
    hours: dict[str, float]

    @classmethod
    def at(cls, now: datetime) -> "_Seen":
        hour = now + timedelta(hours=1)
        midnight = (zone_of(now) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        ends = {"late": now, "hour": hour, "today": max(midnight, hour), "later": FAR}
        goals = desk.settings().priorities
        return cls(now, ends, {priority.value: goals.of(priority.value).sla_hours for priority in TicketPriority})


@lru_cache(maxsize=128)
def _rows(sees_all: bool, slug: str, way: str, size: int) -> Any:
    queue = queues.QUEUES[slug]
    query = (
        select(*_COLUMNS)
        .join(_customer, _customer.id == Ticket.customer_id)
        .outerjoin(_assignee, _assignee.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .outerjoin(Visit, (Visit.ticket_id == Ticket.id) & (Visit.user_id == queues.ME))
    )
    query = queues.within(query, queue, sees_all)
    return cursors.paged(query, (queue.sort, Ticket.id), way, descending=queue.descending).limit(size)


@lru_cache(maxsize=32)
def _counts(sees_all: bool, slug: str) -> Any:
    """All queues' numbers, and those of the stretches of time this one is cut by."""
    queue = queues.QUEUES[slug]
    asked = dict(queues.counters(sees_all))
    if queue.sort is Ticket.queue_due_at:
        within, due = queues.within(select(Ticket.id), queue, sees_all), Ticket.queue_due_at
        hour, today = (bindparam(f"end_{key}", type_=Moment) for key in ("hour", "today"))
        later = bindparam("end_later", type_=Moment)
        asked["group late"] = queues.capped(within.where(due <= queues.NOW))
        asked["group hour"] = queues.capped(within.where(due > queues.NOW, due <= hour))
        asked["group today"] = queues.capped(within.where(due > hour, due <= today))
        asked["group later"] = queues.capped(within.where(due > today, due < later))
        asked["group paused"] = queues.capped(within.where(due == later))
    return queues.scalars(asked)


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


def _row(row: Any, queue: Queue, tags: list[str], seen: _Seen) -> Row:
    promise = promises.of_row(
        is_open=row.status.is_open,
        due_at=row.sla_due_at,
        warn_at=row.warn_at,
        paused_at=row.paused_at,
        hours=seen.hours[row.priority.value],
        now=seen.now,
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
        group=_group_of(row.queue_due_at, queue, seen),
        place=getattr(row, queue.sort.key),
    )


def _group_of(due_at: datetime, queue: Queue, seen: _Seen) -> str:
    if queue.sort is not Ticket.queue_due_at:
        return "none"
    if due_at == FAR:
        return "paused"
    return next(key for key, end in seen.ends.items() if due_at <= end)


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
