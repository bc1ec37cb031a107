"""What customers see: their own requests, in their words. Internal notes are out of reach of every query here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web.database import db
from helpdesk_web.models import Attachment, Category, Reply, Ticket, TicketStatus, User, Visit
from helpdesk_web.models.user import initials
from helpdesk_web.permissions import visible_tickets
from helpdesk_web.queries import cursors

PAGE = 20
SOLVED = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


def state_text(status: TicketStatus) -> str:
    """A state in the customer's words."""
    return {
        TicketStatus.OPEN: _("Received"),
        TicketStatus.IN_PROGRESS: _("We’re on it"),
        TicketStatus.PENDING: _("Waiting for you"),
        TicketStatus.RESOLVED: _("Solved"),
        TicketStatus.CLOSED: _("Closed"),
    }[status]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the customer's list."""

    id: int
    refid: str
    subject: str
    status: str
    priority: str
    state_text: str
    preview: str
    preview_by: str
    last_public_at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    url: str
    is_image: bool


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    author_name: str
    author_initials: str
    is_mine: bool
    by_staff: bool
    html: Markup
    created_at: datetime
    files: list[File]
    is_new: bool


def requests(
    user: User, *, filter_: str = "all", words: str = "", cursor: str | None = None, size: int = PAGE
) -> cursors.Page:
    """One page of the customer's requests, the last moved first."""
    author = aliased(User)
    place = cursors.read(cursor)
    query = (
        select(
            Ticket.id,
            Ticket.refid,
            Ticket.subject,
            Ticket.status,
            Ticket.priority,
            Ticket.preview,
            Ticket.last_public_at,
            Ticket.preview_author_id,
            author.name.label("preview_author"),
            Visit.seen_at,
        )
        .outerjoin(author, author.id == Ticket.preview_author_id)
        .outerjoin(Visit, (Visit.ticket_id == Ticket.id) & (Visit.user_id == user.id))
        .where(Ticket.customer_id == user.id, visible_tickets(user))
    )
    if filter_ in ("open", "solved"):
        query = query.where(Ticket.status.in_(SOLVED) if filter_ == "solved" else Ticket.status.not_in(SOLVED))
    for word in words.split()[:8]:
        query = query.where(_mentions(word))
    query = cursors.page(query, (Ticket.last_public_at, Ticket.id), place, descending=True).limit(size + 1)
    rows = [_row(found, user) for found in db.session.execute(query)]
    return cursors.cut(rows, size, place, lambda row: (row.last_public_at, row.id))


def count(user: User) -> int:
    query = select(func.count()).select_from(Ticket).where(Ticket.customer_id == user.id, visible_tickets(user))
    return db.session.scalar(query) or 0


def request(user: User, refid: str) -> Ticket | None:
    """The customer's own request with this reference, or None."""
    return db.session.scalar(
        select(Ticket).where(Ticket.refid == refid, Ticket.customer_id == user.id, visible_tickets(user))
    )


def thread(ticket: Ticket, user: User, seen: int | None) -> list[Message]:
    """The public messages, oldest first; new are those of others since the customer last looked."""
    query = (
        select(Reply.id, Reply.author_id, Reply.by_staff, Reply.message_html, Reply.created_at, User.name)
        .join(User, User.id == Reply.author_id)
        .where(Reply.ticket_id == ticket.id, Reply.is_internal.is_(False))
        .order_by(Reply.id)
    )
    files = public_files(ticket)
    return [
        Message(
            id=row.id,
            author_name=row.name,
            author_initials=initials(row.name),
            is_mine=row.author_id == user.id,
            by_staff=row.by_staff,
            html=Markup(row.message_html),  # noqa: S704  (sanitised when it was stored)
            created_at=row.created_at,
            files=files.get(row.id, []),
            is_new=seen is not None and row.id > seen and row.author_id != user.id,
        )
        for row in db.session.execute(query)
    ]


def public_files(ticket: Ticket) -> dict[int, list[File]]:
    query = (
        select(Attachment.reply_id, Attachment.key, Attachment.name, Attachment.size, Attachment.content_type)
        .join(Reply, Reply.id == Attachment.reply_id)
        .where(Reply.ticket_id == ticket.id, Reply.is_internal.is_(False))
        .order_by(Attachment.id)
    )
    return group_files(db.session.execute(query))


def group_files(rows: Any) -> dict[int, list[File]]:
    """Files by the message they belong to."""
    grouped: dict[int, list[File]] = {}
    for row in rows:
        address = f"/files/{row.key}/{quote(row.name, safe='')}"
        is_image = row.content_type.startswith("image/")
        grouped.setdefault(row.reply_id, []).append(File(row.name, row.size, address, is_image))
    return grouped


def suggestions(user: User, subject: str) -> list[Row]:
    """Up to three of the customer's own solved requests that share a word with the subject."""
    words = sorted({word for word in subject.split() if len(word) >= 4}, key=len, reverse=True)[:4]
    if not words:
        return []
    like = or_(*(Ticket.subject.icontains(word, autoescape=True) for word in words))
    query = (
        select(
            Ticket.id,
            Ticket.refid,
            Ticket.subject,
            Ticket.status,
            Ticket.priority,
            Ticket.preview,
            Ticket.last_public_at,
        )
        .where(Ticket.customer_id == user.id, visible_tickets(user), Ticket.status.in_(SOLVED), like)
        .order_by(Ticket.last_public_at.desc())
        .limit(3)
    )
    return [
        Row(
            row.id,
            row.refid,
            row.subject,
            row.status.value,
            row.priority.value,
            state_text(row.status),
            row.preview,
            "",
            row.last_public_at,
            False,
        )
        for row in db.session.execute(query)
    ]


def names(ticket: Ticket) -> tuple[str, str | None]:
    """The category's name, and the first name of whoever has the ticket."""
    row = db.session.execute(
        select(Category.name, User.name)
        .select_from(Ticket)
        .join(Category, Category.id == Ticket.category_id)
        .outerjoin(User, User.id == Ticket.assignee_id)
        .where(Ticket.id == ticket.id)
    ).one()
    return row[0], row[1].split()[0] if row[1] else None


def follow_ups(ticket: Ticket, user: User) -> list[Any]:
    query = select(Ticket.refid, Ticket.subject).where(Ticket.follow_up_of_id == ticket.id, visible_tickets(user))
    return list(db.session.execute(query.order_by(Ticket.id)))


def followed(ticket: Ticket, user: User) -> Any:
    """The request this one continues, where it is the reader's own."""
    if ticket.follow_up_of_id is None:
        return None
    query = select(Ticket.refid, Ticket.subject).where(Ticket.id == ticket.follow_up_of_id, visible_tickets(user))
    return db.session.execute(query).first()


def _mentions(word: str) -> ColumnElement[bool]:
    """The word in the subject, the reference or a public message."""
    in_messages = exists().where(
        Reply.ticket_id == Ticket.id,
        Reply.is_internal.is_(False),
        Reply.message.icontains(word, autoescape=True),
    )
    return or_(Ticket.subject.icontains(word, autoescape=True), Ticket.refid == word, in_messages)


def _row(found: Any, user: User) -> Row:
    mine = found.preview_author_id == user.id
    return Row(
        id=found.id,
        refid=found.refid,
        subject=found.subject,
        status=found.status.value,
        priority=found.priority.value,
        state_text=state_text(found.status),
        preview=found.preview,
        preview_by=_("You") if mine else (found.preview_author or "").split(" ")[0],
        last_public_at=found.last_public_at,
        unread=not mine and (found.seen_at is None or found.seen_at < found.last_public_at),
    )
