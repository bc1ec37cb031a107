"""Work for the worker, outgoing mail included: written in the transaction that causes it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk_web.database import Base, Moment
from helpdesk_web.models.types import Created, Facts, Id, When, Word

_waiting = text("state IN ('queued', 'running')")


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"  # leased until `lease_until`; an expired lease runs again
    DONE = "done"
    DEAD = "dead"  # all attempts used up; staff can retry
    KEPT = "kept"  # mail of a desk without SMTP: never sent later by itself
    CANCELLED = "cancelled"


# Mails that carry a secret link: their arguments are emptied once it is sent, used or expired.
LINK_MAIL = frozenset({"verify", "reset", "signin", "invite"})


class Job(Base):
    """A kind and its arguments. Mail (`kind="mail"`) also fills the columns the outbox shows."""

    __tablename__ = "job"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[Facts]
    unique_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    state: Mapped[JobState] = mapped_column(Word(JobState), default=JobState.QUEUED)
    run_at: Mapped[When]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Created]
    done_at: Mapped[datetime | None] = mapped_column(Moment)

    # mail
    template: Mapped[str | None] = mapped_column(String(40))
    recipient: Mapped[str | None] = mapped_column(String(254))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        Index("ix_job_due", "run_at", "id", sqlite_where=_waiting, postgresql_where=_waiting),
        Index("ix_job_state", "kind", "state", "id"),
    )

    @property
    def is_mail(self) -> bool:
        return self.kind == "mail"

    @property
    def carries_link(self) -> bool:
        return self.template in LINK_MAIL
