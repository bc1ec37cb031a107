"""Teams of agents; the tickets of a private one are seen by its members only."""

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk_web.database import Base
from helpdesk_web.models.types import Created, Id
from helpdesk_web.models.user import User

team_member = Table(
    "team_member",
    Base.metadata,
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Team(Base):
    __tablename__ = "team"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    is_private: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]

    members: Mapped[list[User]] = relationship(secondary=team_member, lazy="raise_on_sql")
