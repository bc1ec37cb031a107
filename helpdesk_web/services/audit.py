"""Writes the audit: one chain of records per ticket, per account, and one for the desk's settings.

Each record's mac covers the one before it, and the last seq and mac lie in the row the chain belongs to,
which the caller has locked. So the chain needs no lock of its own, and a record cannot be there without its
change.
"""

import secrets
from datetime import datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import Table, insert

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.models import AuditEvent, Desk, Ticket, User
from helpdesk_web.services import chain, keys

Audited = Ticket | User | Desk

_INSERT = insert(cast(Table, AuditEvent.__table__)).inline()
_SALT_BYTES = 16


def record(
    thing: Audited,
    actor: User | int | None,
    event: str,
    facts: dict[str, Any] | None = None,
    *,
    private: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Append one record to the thing's chain, in the caller's transaction.

    The thing is flushed and its row locked by the caller; its new head is flushed with it. Texts of
    messages enter by their digest only. What names or describes a person goes to `private`: erasure can empty
    that, and its salted digest in `facts` keeps the chain whole.
    """
    row = composed(thing, actor, event, facts, private=private, at=at)
    db.session.connection().execute(_INSERT, row)


def composed(
    thing: Audited,
    actor: User | int | None,
    event: str,
    facts: dict[str, Any] | None = None,
    *,
    private: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Move the thing's chain on by one record and return that record's row, for whoever writes many at once."""
    covered = chain.plain(facts or {})
    if private is not None:
        private = {**chain.plain(private), "salt": secrets.token_hex(_SALT_BYTES)}
        covered[chain.PRIVATE_DIGEST] = chain.digest(private)
    row: dict[str, Any] = {
        "at": at or clock.now(),
        "event": event,
        "actor_id": actor.id if isinstance(actor, User) else actor,
        "ticket_id": thing.id if isinstance(thing, Ticket) else None,
        "facts": covered,
    }
    key = keys.audit_key(current_app.config["HELPDESK"])
    row |= {"private": private} | signature(key, thing.audit_stream, thing.audit_seq + 1, thing.audit_mac, row)
    thing.audit_seq, thing.audit_mac = row["seq"], row["mac"]
    return row


def signature(key: tuple[str, bytes], stream: str, seq: int, previous: str, covered: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that make a row of covered facts the next record of its stream."""
    key_id, secret = key
    mac = chain.mac(secret, stream, seq, previous, chain.covered(**covered))
    return {"stream": stream, "seq": seq, "key_id": key_id, "mac": mac}
