"""One ticket as staff see it: messages, events and what stands beside them. Bounded statements, whatever its age."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk_web.database import db
from helpdesk_web.models import Attachment, AuditEvent, Reply, Ticket, User, Visit
from helpdesk_web.models.user import initials
from helpdesk_web.permissions import visible_tickets
from helpdesk_web.queries.portal import File, group_files
from helpdesk_web.services import history

GLYPHS = {"pending": "waiting", "resolved": "resolved", "closed": "closed"}
TOLD_BY_MESSAGES = {"reply.posted", "note.posted"}
SILENT = TOLD_BY_MESSAGES | {"sla.urgent_escalation.checked"}
# What the line or the message before them says already; the history keeps them.
FOLLOWS = {("assignment", "open", "in_progress"), ("assignment", "in_progress", "open")}
FOLLOWS |= {("customer reply", "pending", "in_progress"), ("customer reply", "pending", "open")}


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    id: int
    author_name: str
    author_initials: str
    by_staff: bool
    is_internal: bool
    html: Markup
    created_at: datetime
    channel: str
    files: list[File]
    is_new: bool

    @property
    def at(self) -> datetime:
        return self.created_at


@dataclass(frozen=True, slots=True)
class Event:
    kind: str
    text: str
    at: datetime
    glyph: str | None


@dataclass(frozen=True, slots=True)
class History:
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Timeline:
    """Messages and events in order, the last message's id, and all events in words."""

    entries: list[Message | Event]
    last_reply_id: int
    history: list[History]


def ticket(user: User, refid: str) -> tuple[Ticket, Visit | None] | None:
    """The ticket with its people, and how far this person has read it; None when it is not theirs to see."""
    query = (
        select(Ticket, Visit)
        .outerjoin(Visit, (Visit.ticket_id == Ticket.id) & (Visit.user_id == user.id))
        .where(Ticket.refid == refid, visible_tickets(user))
        .options(
            joinedload(Ticket.customer).joinedload(User.organization),
            joinedload(Ticket.assignee),
            joinedload(Ticket.category),
            joinedload(Ticket.team),
        )
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(query).first()
    return (found[0], found[1]) if found else None


def timeline(shown: Ticket, user: User, visit: Visit | None, known: history.Names) -> Timeline:
    """Messages, files and events: three statements, and one for names that are not known yet."""
    messages = _messages(shown, user, visit.reply_id if visit else None)
    happened = list(
        db.session.scalars(select(AuditEvent).where(AuditEvent.ticket_id == shown.id).order_by(AuditEvent.id))
    )
    names = history.names_of(happened, known)
    told = [(event, history.sentence(event, names)) for event in happened if event.event not in SILENT]
    lines = [Event("event", text, event.at, _glyph(event)) for event, text in told if not _goes_without_saying(event)]
    entries: list[Message | Event] = sorted([*messages, *lines], key=lambda entry: (entry.at, entry.kind == "event"))
    last = messages[-1].id if messages else 0
    return Timeline(entries, last, [History(text, event.at) for event, text in told])


def _messages(shown: Ticket, user: User, seen: int | None) -> list[Message]:
    query = (
        select(
            Reply.id,
            Reply.author_id,
            Reply.by_staff,
            Reply.is_internal,
            Reply.message_html,
            Reply.created_at,
            Reply.channel,
            User.name,
        )
        .join(User, User.id == Reply.author_id)
        .where(Reply.ticket_id == shown.id)
        .order_by(Reply.id)
    )
    files = _files(shown)
    return [
        Message(
            kind="message",
            id=row.id,
            author_name=row.name,
            author_initials=initials(row.name),
            by_staff=row.by_staff,
            is_internal=row.is_internal,
            html=Markup(row.message_html),  # noqa: S704  (sanitised when it was stored)
            created_at=row.created_at,
            channel=row.channel.value,
            files=files.get(row.id, []),
            is_new=seen is not None and row.id > seen and row.author_id != user.id,
        )
        for row in db.session.execute(query)
    ]


def _files(shown: Ticket) -> dict[int, list[File]]:
    query = (
        select(Attachment.reply_id, Attachment.key, Attachment.name, Attachment.size, Attachment.content_type)
        .join(Reply, Reply.id == Attachment.reply_id)
        .where(Reply.ticket_id == shown.id)
        .order_by(Attachment.id)
    )
    return group_files(db.session.execute(query))


def _goes_without_saying(event: AuditEvent) -> bool:
    return event.event == "ticket.created" or tuple(map(event.facts.get, ("cause", "from", "to"))) in FOLLOWS


def _glyph(event: AuditEvent) -> str | None:
    if event.event != "ticket.status_changed":
        return None
    to: Any = event.facts.get("to")
    return GLYPHS.get(str(to))
