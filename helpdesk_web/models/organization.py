"""Companies that customers belong to, known by their mail domains."""

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base
from helpdesk_web.models.types import Created, Id


class Organization(Base):
    __tablename__ = "organization"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(240), index=True)
    notes: Mapped[str] = mapped_column(Text, default="")
    high_value: Mapped[bool] = mapped_column(default=False)
    vault_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[Created]

    domains: Mapped[list["OrganizationDomain"]] = relationship(cascade="all, delete-orphan", lazy="raise_on_sql")


class OrganizationDomain(Base):
    __tablename__ = "organization_domain"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
