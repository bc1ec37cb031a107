"""Tickets beside the rows that their columns are kept from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from helpdesk_web import markup
from helpdesk_web.database import db
from helpdesk_web.models import AuditEvent, Reply, Ticket


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket beside the rows that its columns are kept from."""

    ticket: Ticket
    opening: Any  # its first message
    public: Any  # the last message the customer sees
    answered_at: datetime | None  # the first public message of staff
    said_at: datetime | None  # the last message, notes too
    moved_at: datetime | None  # the last change of state
    rendered: tuple[int, str] | None = None  # a message's id and its excerpt, made before the lock was taken

    @property
    def excerpt(self) -> str:
        """The words that lists show; a message never changes, so what was rendered before is still right."""
        if self.public is None:
            return ""
        if self.rendered and self.rendered[0] == self.public.id:
            return self.rendered[1]
        return markup.excerpt(self.public.message)

    @property
    def runs(self) -> bool:
        return self.ticket.status.is_running

    @property
    def public_moments(self) -> list[datetime]:
        moments = (self.ticket.created_at, self.public and self.public.created_at, self.moved_at)
        return [moment for moment in moments if moment]


def look(tickets: Sequence[Ticket], rendered: tuple[int, str] | None = None) -> Iterator[Seen]:
    ids = [ticket.id for ticket in tickets]
    of_ticket = Reply.ticket_id.in_(ids)
    openings = _messages(select(func.min(Reply.id)).where(of_ticket).group_by(Reply.ticket_id))
    public = select(func.max(Reply.id)).where(of_ticket, ~Reply.is_internal).group_by(Reply.ticket_id)
    publics = _messages(public)
    answered = _moments(func.min(Reply.created_at), of_ticket, ~Reply.is_internal, Reply.by_staff)
    said = _moments(func.max(Reply.created_at), of_ticket)
    moves = (
        select(AuditEvent.ticket_id, func.max(AuditEvent.at))
        .where(AuditEvent.ticket_id.in_(ids), AuditEvent.event == "ticket.status_changed")
        .group_by(AuditEvent.ticket_id)
    )
    moved = {row[0]: row[1] for row in db.session.execute(moves)}
    for ticket in tickets:
        yield Seen(
            ticket,
            openings.get(ticket.id),
            publics.get(ticket.id),
            answered.get(ticket.id),
            said.get(ticket.id),
            moved.get(ticket.id),
            rendered,
        )


def _messages(ids: Any) -> dict[int, Row[*tuple[Any, ...]]]:
    columns = (Reply.id, Reply.ticket_id, Reply.author_id, Reply.created_at, Reply.is_internal, Reply.message)
    return {row.ticket_id: row for row in db.session.execute(select(*columns).where(Reply.id.in_(ids)))}


def _moments(moment: Any, *where: Any) -> dict[int, datetime]:
    rows = select(Reply.ticket_id, moment).where(*where).group_by(Reply.ticket_id)
    return {row[0]: row[1] for row in db.session.execute(rows)}
