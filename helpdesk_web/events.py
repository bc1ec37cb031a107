"""Domain events: blinker signals that carry ids and fire once the change is durable, best effort.

A receiver that raises is logged. One that writes opens its own `writing()`: the lock is free by then.
"""

import logging
from typing import Any

from blinker import NamedSignal, Namespace
from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session as AnySession
from sqlalchemy.orm import SessionTransaction

from helpdesk_web.database import Session, after_writing, db

logger = logging.getLogger(__name__)

_signals = Namespace()
TicketCreated = _signals.signal("ticket-created")  # ticket_id
TicketReplied = _signals.signal("ticket-replied")  # ticket_id, reply_id, is_internal
TicketAssigned = _signals.signal("ticket-assigned")  # ticket_id, agent_id (None: unassigned)
TicketStatusChanged = _signals.signal("ticket-status-changed")  # ticket_id, before, after
TicketEscalated = _signals.signal("ticket-escalated")  # ticket_id
SlaBreached = _signals.signal("sla-breached")  # ticket_id
TicketRated = _signals.signal("ticket-rated")  # ticket_id, rating_id

Waiting = tuple[NamedSignal, dict[str, Any], SessionTransaction | None]


def later(signal: NamedSignal, **ids: Any) -> None:
    """Fire this after the transaction under way is durable; a rollback takes it back."""
    session = db.session()
    waiting: list[Waiting] = session.info.setdefault("events", [])
    waiting.append((signal, ids, session.get_nested_transaction()))


def _committed(session: AnySession) -> None:
    savepoint = session.get_nested_transaction()
    waiting: list[Waiting] = session.info.get("events", [])
    if savepoint is None:
        session.info.setdefault("durable_events", []).extend(waiting)
        session.info["events"] = []
    else:  # released into the transaction around it, nothing is durable yet
        around = savepoint.parent if savepoint.parent and savepoint.parent.nested else None
        session.info["events"] = [
            (signal, ids, around if within is savepoint else within) for signal, ids, within in waiting
        ]


def _rolled_back(session: AnySession, ended: SessionTransaction) -> None:
    waiting: list[Waiting] = session.info.get("events", [])
    session.info["events"] = [entry for entry in waiting if ended.nested and entry[2] is not ended]


def _fire(session: AnySession) -> None:
    durable: list[Waiting] = session.info.pop("durable_events", [])
    if not durable:
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    for signal, ids, _within in durable:
        for receiver in signal.receivers_for(app):
            try:
                receiver(app, **ids)
            except Exception:
                logger.exception("a receiver of %s failed", signal.name)


event.listen(Session, "after_commit", _committed)
event.listen(Session, "after_soft_rollback", _rolled_back)
after_writing.append(_fire)
