"""What stands beside a ticket: who can take it, what it can be about, its tags, the customer's other tickets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, literal, null, select, union_all

from helpdesk_web.database import Moment, db
from helpdesk_web.models import Category, Role, Tag, Ticket, User, ticket_tag
from helpdesk_web.permissions import visible_tickets

OTHERS = 5


@dataclass(frozen=True, slots=True)
class Other:
    refid: str
    subject: str
    status: str
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class Sidebar:
    agents: list[tuple[int, str]]
    categories: list[tuple[int, str]]
    tags: list[str]
    other_tickets: list[Other]


def sidebar(shown: Ticket, user: User) -> Sidebar:
    """Read it all in one statement of four parts."""
    agents = _part("agent", User.id, User.name).where(User.active, User.role != Role.CUSTOMER.value)
    categories = _part("category", Category.id, Category.name).where(Category.is_active)
    tags = _part("tag", Tag.id, Tag.name).join(ticket_tag).where(ticket_tag.c.ticket_id == shown.id)
    newest = (
        select(Ticket.id, Ticket.subject, Ticket.refid, Ticket.status, Ticket.last_activity_at)
        .where(Ticket.customer_id == shown.customer_id, Ticket.id != shown.id, visible_tickets(user))
        .order_by(Ticket.last_public_at.desc(), Ticket.id.desc())
        .limit(OTHERS)
        .subquery()
    )
    others = select(
        literal("ticket").label("kind"),
        newest.c.id,
        newest.c.subject,
        newest.c.refid,
        cast(newest.c.status, String),
        newest.c.last_activity_at,
    )
    found: dict[str, list[Any]] = {"agent": [], "category": [], "tag": [], "ticket": []}
    for row in db.session.execute(union_all(agents, categories, tags, others)):
        found[row[0]].append(row)
    return Sidebar(
        agents=sorted(((row[1], row[2]) for row in found["agent"]), key=lambda agent: agent[1].casefold()),
        categories=sorted(((row[1], row[2]) for row in found["category"]), key=lambda one: one[1].casefold()),
        tags=sorted(row[2] for row in found["tag"]),
        other_tickets=[
            Other(row[3], row[2], row[4], row[5])
            for row in sorted(found["ticket"], key=lambda row: row[5], reverse=True)
        ],
    )


def _part(kind: str, number: Any, name: Any) -> Any:
    return select(
        literal(kind).label("kind"), number, name, null().label("refid"), null().label("status"), _no_moment()
    )


def _no_moment() -> Any:
    return cast(null(), Moment).label("at")
