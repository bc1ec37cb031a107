"""Columns that lists read, against what they are kept from."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Ticket
from helpdesk_web.services.relations.checks import CHECKS, Check
from helpdesk_web.services.relations.fault import Cure, Fault
from helpdesk_web.services.relations.seen import Seen, look

PAGE = 500  # tickets read at once


def find() -> Iterator[Fault]:
    last = 0
    while tickets := _page(after=last):
        for seen in look(tickets):
            yield from _faults(seen)
        last = tickets[-1].id


def _page(after: int) -> Sequence[Ticket]:
    return db.session.scalars(select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(PAGE)).all()


def _faults(seen: Seen) -> Iterator[Fault]:
    name = f"ticket {seen.ticket.refid}"
    if seen.opening is None:
        yield Fault("empty ticket", f"{name}: it has no message")
        return
    if seen.opening.is_internal:
        yield Fault("note as opening", f"{name}: its first message is an internal note")
    for check in CHECKS:
        if not check.is_right(seen):
            what = f"{name}: {check.column} is {_shown(seen.ticket, check.column)}, which its rows do not say"
            rendered = (seen.public.id, seen.excerpt) if check.column == "preview" and seen.public else None
            yield Fault("stored column", what, _cure(seen.ticket.id, check, rendered))


def _shown(ticket: Ticket, column: str) -> Any:
    value = getattr(ticket, "open_flag" if column == "is_open" else column)
    if column == "preview":  # may be a note's words: they do not go into the audit
        return "another text"
    return value.isoformat() if isinstance(value, datetime) else value


def _cure(number: int, check: Check, rendered: tuple[int, str] | None) -> Cure:
    def mend() -> Ticket | None:
        ticket = db.session.get(Ticket, number, with_for_update=True)
        if ticket is None:
            return None
        (seen,) = look([ticket], rendered)
        if not check.is_right(seen):
            check.mend(seen)
            ticket.version += 1
            db.session.flush()
        return ticket

    return mend
