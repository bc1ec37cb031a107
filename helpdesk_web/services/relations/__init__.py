"""Finds rows and files that contradict each other, which no running desk brings about, and mends them."""

from collections.abc import Iterable

from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Desk, Ticket, User
from helpdesk_web.services import audit, founding
from helpdesk_web.services.audit import Audited
from helpdesk_web.services.relations import counters, files, orphans, stored
from helpdesk_web.services.relations.fault import Fault

__all__ = ["Fault", "find", "mend", "tidy"]


def find() -> list[Fault]:
    """Look at every row and every file, and return what is wrong, orphans first; outside of `writing()`."""
    return [*orphans.find(), *files.find(), *stored.find(), *counters.find()]


def mend(faults: Iterable[Fault]) -> None:
    """Mend what can be mended, each with its audit record, in the caller's transaction; `tidy` comes next."""
    for fault in faults:
        if fault.cure:
            _record(fault, fault.cure() or _desk())
    db.session.flush()


def tidy(faults: Iterable[Fault]) -> None:
    """Remove the files that mended faults were about; after the commit."""
    for fault in faults:
        if fault.cure and fault.afterwards:
            fault.afterwards()


def _record(fault: Fault, thing: Audited) -> None:
    kind = "ticket" if isinstance(thing, Ticket) else "account" if isinstance(thing, User) else "desk"
    audit.record(thing, None, f"{kind}.mended", {"fault": fault.kind, "what": fault.what})
    db.session.flush()


def _desk() -> Desk:
    founding.found()
    return db.session.scalars(select(Desk).order_by(Desk.id).limit(1).with_for_update()).one()
