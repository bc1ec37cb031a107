"""What a request is about."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk_web.database import Base
from helpdesk_web.models.types import Created, Id


class Category(Base):
    __tablename__ = "category"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    slug: Mapped[str] = mapped_column(String(96), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    display_order: Mapped[int] = mapped_column(default=0)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    created_at: Mapped[Created]

    __table_args__ = (Index("ix_category_display_order_id", "display_order", "id"),)
