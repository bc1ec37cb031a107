"""One message of a thread: the opening one, a public reply, or an internal note."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base
from helpdesk_web.models.ticket import Channel, Ticket
from helpdesk_web.models.types import Created, Id, Word
from helpdesk_web.models.user import User

if TYPE_CHECKING:
    from helpdesk_web.models.attachment import Attachment


class Reply(Base):
    __tablename__ = "reply"

    id: Mapped[Id]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    is_internal: Mapped[bool] = mapped_column(default=False)
    by_staff: Mapped[bool] = mapped_column(default=False)  # the author's side when it was written
    channel: Mapped[Channel] = mapped_column(Word(Channel), default=Channel.WEB)
    message: Mapped[str] = mapped_column(Text)  # as typed
    message_html: Mapped[str] = mapped_column(Text)  # rendered and sanitised once, when written
    created_at: Mapped[Created]

    ticket: Mapped[Ticket] = relationship(back_populates="replies", lazy="raise_on_sql")
    author: Mapped[User] = relationship(lazy="raise_on_sql")
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id", lazy="raise_on_sql")

    __table_args__ = (Index("ix_reply_ticket_id", "ticket_id", "id"),)
