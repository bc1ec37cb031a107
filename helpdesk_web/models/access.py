"""How people get in: sessions on the server, single-use links, and forms that are sent once."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base, Moment
from helpdesk_web.models.types import Created, Facts, Id, When
from helpdesk_web.models.user import User


class LoginSession(Base):
    """One signed-in browser; the cookie holds the secret of which only the hash is stored."""

    __tablename__ = "login_session"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Created]
    last_seen_at: Mapped[When]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(64), default="")

    user: Mapped[User] = relationship(lazy="raise_on_sql")


class Token(Base):
    """A mailed or printed link: hashed, single-use, expiring."""

    __tablename__ = "token"

    id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    facts: Mapped[Facts]
    created_at: Mapped[Created]
    expires_at: Mapped[When]
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class Submission(Base):
    """A form that was sent: the same key and text again leads to the first result."""

    __tablename__ = "submission"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Created]

    __table_args__ = (
        UniqueConstraint("user_id", "key", "fingerprint"),
        Index("ix_submission_created_at", "created_at"),
    )
