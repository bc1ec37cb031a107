"""The audit for Python callers: write one event, read a history, verify it all, seal what is new.

An edge like `support`: each call is one change and one commit.
"""

from datetime import datetime
from typing import Any, Self

from sqlalchemy import Select, select

from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.models import AuditEvent, User
from helpdesk_web.services import audit as service
from helpdesk_web.services import audit_verify, seals
from helpdesk_web.services.audit import Audited
from helpdesk_web.services.audit_verify import Verdict

__all__ = ["Entry", "History", "Verdict", "history", "make", "seal", "verify"]


def make() -> "Entry":
    """Begin an event: `make().event("…").on(ticket).by(user).with_("name", value).log()`."""
    return Entry()


def history() -> "History":
    """Begin a look at the events of one thing: `history().on(ticket).latest().all()`."""
    return History()


def verify() -> Verdict:
    """Walk the whole audit; the verdict is true, or names the first record that is not as it was written."""
    return audit_verify.verify()


def seal() -> int:
    """Seal everything recorded since the last seal; returns how many seals that took."""
    made = 0
    seals.publish()  # what a crash kept from the file
    while True:
        end_reading()
        with writing():
            found = seals.append()
            commit()
        if found is None:
            return made
        seals.publish()
        made += 1


class Entry:
    """An event in the making."""

    def __init__(self) -> None:
        self._event = ""
        self._thing: Audited | None = None
        self._actor: int | None = None
        self._facts: dict[str, Any] = {}
        self._at: datetime | None = None

    def event(self, name: str) -> Self:
        self._event = name
        return self

    def on(self, thing: Audited) -> Self:
        self._thing = thing
        return self

    def by(self, actor: User | int | None) -> Self:
        self._actor = actor.id if isinstance(actor, User) else actor
        return self

    def with_(self, name: str, value: Any) -> Self:
        self._facts[name] = value
        return self

    def at(self, moment: datetime) -> Self:
        self._at = moment
        return self

    def log(self) -> None:
        """Write the event; inside a caller's `writing()` it becomes part of that change and of its commit."""
        if not self._event or self._thing is None:
            raise ValueError("an event needs a name and what it happened to: .event(…).on(…)")
        if db.session().info.get("writing"):
            self._record(self._thing)
            return
        kind, number = type(self._thing), self._thing.id
        with writing():
            locked: Any = db.session.get_one(kind, number, with_for_update=True)
            self._record(locked)
            commit()

    def _record(self, locked: Audited) -> None:
        service.record(locked, self._actor, self._event, self._facts, at=self._at)
        db.session.flush()


class History:
    """The events of one thing, oldest first unless `latest()` is asked for."""

    def __init__(self) -> None:
        self._stream = ""
        self._order = AuditEvent.seq.asc()

    def on(self, thing: Audited) -> Self:
        self._stream = thing.audit_stream
        return self

    def latest(self) -> Self:
        self._order = AuditEvent.seq.desc()
        return self

    def all(self) -> list[AuditEvent]:
        return list(db.session.scalars(self._select()))

    def first(self) -> AuditEvent | None:
        return db.session.scalars(self._select().limit(1)).first()

    def _select(self) -> Select[AuditEvent]:
        return select(AuditEvent).where(AuditEvent.stream == self._stream).order_by(self._order)
