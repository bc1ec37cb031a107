"""What the customer thought of the help, once per ticket."""

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk_web.database import Base
from helpdesk_web.models.types import Created, Id


class Rating(Base):
    __tablename__ = "rating"

    id: Mapped[Id]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), unique=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    score: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Created]

    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)
