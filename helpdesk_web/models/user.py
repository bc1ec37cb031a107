"""People: customers who ask, staff who answer."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_login import UserMixin
from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base, Moment
from helpdesk_web.models.types import Created, Id, Word

if TYPE_CHECKING:
    from helpdesk_web.models.organization import Organization


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class User(UserMixin, Base):
    __tablename__ = "user"

    id: Mapped[Id]
    role: Mapped[Role] = mapped_column(Word(Role), default=Role.CUSTOMER)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(240), index=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(508), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    zone: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    theme: Mapped[str] = mapped_column(String(8), default="system")
    vault_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[Created]
    audit_seq: Mapped[int] = mapped_column(default=0)
    audit_mac: Mapped[str] = mapped_column(Text, default="")

    organization: Mapped["Organization | None"] = relationship(lazy="raise_on_sql")

    __table_args__ = (Index("ix_user_role_name_key", "role", "name_key", "id"),)

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def is_staff(self) -> bool:
        return self.role != Role.CUSTOMER

    @property
    def is_supervisor(self) -> bool:
        return self.role.rank >= Role.SUPERVISOR.rank

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def audit_stream(self) -> str:
        return f"account:{self.id}"


def initials(name: str) -> str:
    """Return one or two letters that stand for a name in a portrait."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
