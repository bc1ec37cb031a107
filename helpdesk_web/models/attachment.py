"""Files: stored once by content, attached to messages."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base
from helpdesk_web.models.reply import Reply
from helpdesk_web.models.types import Created, Id
from helpdesk_web.models.user import User


class Blob(Base):
    """The bytes in the store, named by their SHA-256."""

    __tablename__ = "blob"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]


class Attachment(Base):
    """One file of one message; `key` is what its address carries."""

    __tablename__ = "attachment"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(32), unique=True)
    reply_id: Mapped[int] = mapped_column(ForeignKey("reply.id", ondelete="CASCADE"), index=True)
    uploader_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(ForeignKey("blob.digest"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(100))  # sniffed, never as declared
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]

    reply: Mapped[Reply] = relationship(back_populates="attachments", lazy="raise_on_sql")
    uploader: Mapped[User] = relationship(lazy="raise_on_sql")


class TrackedUpload(Base):
    """Room that a Python caller says an account uses elsewhere; it counts against the quota."""

    __tablename__ = "tracked_upload"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(String(500))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]
