"""The desk itself: one row, and the settings an admin changed in the browser."""

from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk_web.database import Base, Json
from helpdesk_web.models.types import Created, Id, When


class Desk(Base):
    """Made once when the desk is; holds the head of the settings' audit chain."""

    __tablename__ = "desk"

    id: Mapped[Id]
    created_at: Mapped[Created]
    audit_seq: Mapped[int] = mapped_column(default=0)
    audit_mac: Mapped[str] = mapped_column(Text, default="")

    @property
    def audit_stream(self) -> str:
        return "settings"


class StoredSetting(Base):
    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[When]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
