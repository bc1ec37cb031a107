"""The audit: chained records per stream, and the seals laid over them each minute."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk_web.database import Base, Json
from helpdesk_web.models.types import Facts, Id, When


class AuditEvent(Base):
    """One fact. `facts` is what the chain covers; `private` can be emptied, its digest in `facts` stays."""

    __tablename__ = "audit_event"

    id: Mapped[Id]
    stream: Mapped[str] = mapped_column(String(80))
    seq: Mapped[int]
    at: Mapped[When]
    event: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    facts: Mapped[Facts]
    private: Mapped[dict[str, Any] | None] = mapped_column(Json)
    key_id: Mapped[str] = mapped_column(String(16))
    mac: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        Index("ix_audit_event_ticket_id", "ticket_id", "id"),
    )


class AuditSeal(Base):
    """The last record of every stream touched since the seal before, chained, its mac kept outside too."""

    __tablename__ = "audit_seal"

    id: Mapped[Id]
    at: Mapped[When]
    last_event_id: Mapped[int]
    heads: Mapped[str] = mapped_column(Text)  # canonical JSON of [[stream, seq, mac], …]
    key_id: Mapped[str] = mapped_column(String(16))
    mac: Mapped[str] = mapped_column(String(64))
