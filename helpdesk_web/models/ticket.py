"""The ticket: what is asked, whose move it is, and by when."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web import clock
from helpdesk_web.database import Base, Moment
from helpdesk_web.models.category import Category
from helpdesk_web.models.tag import Tag, ticket_tag
from helpdesk_web.models.team import Team
from helpdesk_web.models.types import Created, Facts, Id, Never, Ranked, When, Word
from helpdesk_web.models.user import User

if TYPE_CHECKING:
    from helpdesk_web.models.reply import Reply


class TicketStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        return self not in (TicketStatus.RESOLVED, TicketStatus.CLOSED)

    @property
    def is_running(self) -> bool:
        """Whether the SLA clock runs in this state."""
        return self in (TicketStatus.OPEN, TicketStatus.IN_PROGRESS)


class TicketPriority(StrEnum):
    """Most urgent first: the place in this list is what the database stores and sorts by."""

    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Channel(StrEnum):
    WEB = "web"
    EMAIL = "email"
    PHONE = "phone"


# Urgent is rank 0. Work that nobody has answered in public since it was created or became urgent.
URGENT_UNANSWERED = "is_open AND urgent_since IS NOT NULL"


def _where(predicate: str) -> dict[str, Any]:
    """A partial index reads the same on both databases."""
    return {"sqlite_where": text(predicate), "postgresql_where": text(predicate)}


_SEEN_BY = ("team_id", "assignee_id", "status", "warn_at")


class Ticket(Base):
    __tablename__ = "ticket"

    id: Mapped[Id]
    refid: Mapped[str] = mapped_column(String(40), unique=True)
    subject: Mapped[str] = mapped_column(String(200))
    status: Mapped[TicketStatus] = mapped_column(Word(TicketStatus), default=TicketStatus.OPEN)
    open_flag: Mapped[bool] = mapped_column("is_open", default=True)
    priority: Mapped[TicketPriority] = mapped_column(Ranked(TicketPriority))
    channel: Mapped[Channel] = mapped_column(Word(Channel), default=Channel.WEB)
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    follow_up_of_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    metadata_: Mapped[Facts] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)

    created_at: Mapped[Created]
    first_response_at: Mapped[datetime | None] = mapped_column(Moment)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    reopened_at: Mapped[datetime | None] = mapped_column(Moment)
    urgent_since: Mapped[datetime | None] = mapped_column(Moment)

    # The promise. While the clock stands still `paused_at` is set; `paused_seconds` sums the past pauses.
    sla_due_at: Mapped[When]
    first_response_due_at: Mapped[When]
    breached_at: Mapped[datetime | None] = mapped_column(Moment)
    paused_at: Mapped[datetime | None] = mapped_column(Moment)
    paused_seconds: Mapped[float] = mapped_column(default=0.0)

    # What lists read and sort by; kept by the services, FAR where there is nothing to wait for.
    queue_due_at: Mapped[Never]
    warn_at: Mapped[Never]
    waiting_since: Mapped[Never]
    last_activity_at: Mapped[When]
    last_public_at: Mapped[When]
    preview: Mapped[str] = mapped_column(String(200), default="")
    preview_author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    audit_seq: Mapped[int] = mapped_column(default=0)
    audit_mac: Mapped[str] = mapped_column(Text, default="")

    customer: Mapped[User] = relationship(foreign_keys=customer_id, lazy="raise_on_sql")
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id, lazy="raise_on_sql")
    category: Mapped[Category] = relationship(lazy="raise_on_sql")
    team: Mapped[Team | None] = relationship(lazy="raise_on_sql")
    tags: Mapped[list[Tag]] = relationship(secondary=ticket_tag, order_by=Tag.name, lazy="raise_on_sql")
    replies: Mapped[list["Reply"]] = relationship(
        order_by="Reply.id", back_populates="ticket", lazy="select", cascade="all, delete-orphan"
    )

    # Each list has its index: equalities, sort, id. The predicates are the literals of queries/predicates.py.
    __table_args__ = (
        # The columns behind the id let counts ask who may see a ticket without reading it.
        Index("ix_ticket_open", "queue_due_at", "id", *_SEEN_BY, **_where("is_open")),
        Index("ix_ticket_mine", "assignee_id", "queue_due_at", "id", "team_id", "status", **_where("is_open")),
        Index("ix_ticket_inbox", "queue_due_at", "id", *_SEEN_BY, **_where("assignee_id IS NULL AND is_open")),
        Index("ix_ticket_waiting", "last_activity_at", "id", "team_id", "assignee_id", **_where("status = 'pending'")),
        Index("ix_ticket_resolved", "resolved_at", "id", **_where("status = 'resolved'")),
        Index("ix_ticket_closed", "closed_at", "id", **_where("status = 'closed'")),
        Index("ix_ticket_customer_public", "customer_id", "last_public_at", "id"),
        Index("ix_ticket_customer_created", "customer_id", "created_at"),
        Index("ix_ticket_created", "created_at", "id"),
        Index("ix_ticket_answered", "first_response_at", **_where("first_response_at IS NOT NULL")),
        Index("ix_ticket_solved", "resolved_at", **_where("resolved_at IS NOT NULL")),
        Index("ix_ticket_unanswered_urgent", "urgent_since", "id", **_where(URGENT_UNANSWERED)),
    )

    def is_open(self) -> bool:
        return self.status.is_open

    def is_resolved(self) -> bool:
        return self.status is TicketStatus.RESOLVED

    def is_closed(self) -> bool:
        return self.status is TicketStatus.CLOSED

    def is_low(self) -> bool:
        return self.priority is TicketPriority.LOW

    def is_medium(self) -> bool:
        return self.priority is TicketPriority.MEDIUM

    def is_high(self) -> bool:
        return self.priority is TicketPriority.HIGH

    def is_urgent(self) -> bool:
        return self.priority is TicketPriority.URGENT

    def is_sla_breached(self) -> bool:
        """Whether the due time passed while the clock was running, or before the ticket was resolved."""
        return (self.paused_at or clock.now()) >= self.sla_due_at

    @property
    def description(self) -> str:
        """The text the ticket was opened with."""
        return self.replies[0].message if self.replies else ""

    @property
    def first_response_hours(self) -> float | None:
        return _hours(self.first_response_at, self.created_at)

    @property
    def resolution_hours(self) -> float | None:
        return _hours(self.resolved_at, self.created_at)

    @property
    def audit_stream(self) -> str:
        return f"ticket:{self.refid}"

    # The verbs callers of the support service know; the one uphill import, see the architecture test.

    def assign_to(self, agent_id: int) -> "Ticket":
        from helpdesk_web import support

        return support.assign(self, agent_id)

    def resolve(self) -> "Ticket":
        from helpdesk_web import support

        return support.resolve(self)

    def close(self) -> "Ticket":
        from helpdesk_web import support

        return support.close(self)

    def reopen(self) -> "Ticket":
        from helpdesk_web import support

        return support.reopen(self)


class Visit(Base):
    """How far one person has read one ticket: the reader's own mark."""

    __tablename__ = "visit"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[When]
    reply_id: Mapped[int] = mapped_column(default=0)


class Watcher(Base):
    """Staff who follow a ticket, also one of a private team they are not in."""

    __tablename__ = "watcher"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


def _hours(end: datetime | None, start: datetime) -> float | None:
    return None if end is None else (end - start) / timedelta(hours=1)
