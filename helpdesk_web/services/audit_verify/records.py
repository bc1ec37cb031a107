"""Each chain from its first record to the head in its ticket's, account's or desk's row."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, Row, Select, Text, cast, exists, literal, select, tuple_

from helpdesk_web.models import AuditEvent, Desk, Ticket, User
from helpdesk_web.services import chain, keys
from helpdesk_web.services.audit_verify.fault import Tampered

CHUNK = 2_000  # records read at once
Record = Row[*tuple[Any, ...]]
_ACCOUNT = re.compile(r"account:[1-9][0-9]{0,17}", re.ASCII)

E = AuditEvent
# As text: what somebody wrote past the product need not even parse, and is to be named, not to raise.
_RECORDS: Select[*tuple[Any, ...]] = select(
    E.id, E.stream, E.seq, E.event, E.actor_id, E.ticket_id, E.key_id, E.mac,
    cast(E.at, Text).label("at"), cast(E.facts, Text).label("facts"), cast(E.private, Text).label("private"),
).order_by(E.stream, E.seq).limit(CHUNK)  # fmt: skip


@dataclass(slots=True)
class Counted:
    records: int = 0
    streams: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What the owner's row says of its chain."""

    seq: int
    mac: str
    ticket_id: int | None = None


class Chain:
    """One stream on its way from record to record."""

    def __init__(self, stream: str, head: Head | None) -> None:
        self.stream, self.head = stream, head
        self.seq, self.mac, self.last_id = 0, "", 0

    def follow(self, row: Record) -> None:
        """Check the next record; Tampered when it is not the one that was written next."""
        if self.head is None:
            raise self._bad(row.seq, _("its ticket or account was removed, the record is still there"))
        if row.seq != self.seq + 1:
            if isinstance(row.seq, int) and row.seq > self.seq:
                raise self._bad(self.seq + 1, _("the record is missing"))
            raise self._bad(row.seq, _("the record was inserted"))
        if row.ticket_id != self.head.ticket_id or row.id <= self.last_id:
            raise self._bad(row.seq, _("the record was moved"))
        self._require_mac(row)
        self._require_private(row)
        self.seq, self.mac, self.last_id = row.seq, row.mac, row.id

    def end(self) -> None:
        """Check the last record against the head; Tampered when they differ."""
        assert self.head is not None
        if self.head.seq > self.seq:
            raise self._bad(self.seq + 1, _("the record is missing: the end of the chain was cut"))
        if self.head.seq < self.seq:
            raise self._bad(self.seq, _("the record is later than the last one its ticket or account knows"))
        if self.head.mac != self.mac:
            raise self._bad(self.seq, _("its ticket or account knows another last record"))

    def _require_mac(self, row: Record) -> None:
        try:
            _key_id, key = keys.audit_key(current_app.config["HELPDESK"], row.key_id)
            expected = chain.mac(key, self.stream, row.seq, self.mac, _content(row))
        except keys.UnknownKey as error:
            raise self._bad(row.seq, _("the key %(id)s is not in the key ring", id=row.key_id)) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise self._bad(row.seq, _("the record cannot be read: it was changed")) from error
        if not chain.same(expected, str(row.mac)):
            raise self._bad(row.seq, _("the record (%(event)s) was changed, swapped or inserted", event=row.event))

    def _require_private(self, row: Record) -> None:
        """What is private may have been erased since, never replaced."""
        try:
            private = json.loads(row.private) if row.private else None
            untouched = private is None or chain.digest(private) == json.loads(row.facts).get(chain.PRIVATE_DIGEST)
        except (ValueError, TypeError, RecursionError):
            untouched = False
        if not untouched:
            raise self._bad(row.seq, _("the record's private part was changed"))

    def _bad(self, seq: Any, problem: str) -> Tampered:
        return Tampered(self.stream, seq, problem)


def check(connection: Connection) -> Counted:
    """Follow every chain, streams in order; Tampered names the first bad record."""
    counted = Counted()
    current: Chain | None = None
    for rows in _chunks(connection):
        heads = _heads(connection, {row.stream for row in rows})
        for row in rows:
            if current is None or current.stream != row.stream:
                if current is not None:
                    current.end()
                current = Chain(row.stream, heads.get(row.stream))
                counted.streams += 1
            current.follow(row)
        counted.records += len(rows)
    if current is not None:
        current.end()
    _require_records(connection)
    return counted


def _chunks(connection: Connection) -> Iterator[list[Record]]:
    records = _RECORDS
    while rows := list(connection.execute(records)):
        yield rows
        records = _RECORDS.where(tuple_(E.stream, E.seq) > (rows[-1].stream, rows[-1].seq))


def _content(row: Record) -> dict[str, Any]:
    at = datetime.fromisoformat(row.at)
    return chain.covered(
        event=row.event,
        at=at.replace(tzinfo=UTC) if at.tzinfo is None else at,
        actor_id=row.actor_id,
        ticket_id=row.ticket_id,
        facts=json.loads(row.facts),
    )


def _heads(connection: Connection, streams: set[str]) -> dict[str, Head]:
    refids = [name.removeprefix("ticket:") for name in streams if name.startswith("ticket:")]
    ids = [int(name[8:]) for name in streams if _ACCOUNT.fullmatch(name)]
    tickets = select(Ticket.refid, Ticket.audit_seq, Ticket.audit_mac, Ticket.id).where(Ticket.refid.in_(refids))
    accounts = select(User.id, User.audit_seq, User.audit_mac).where(User.id.in_(ids))
    found = {f"ticket:{row[0]}": Head(*row[1:]) for row in connection.execute(tickets)} if refids else {}
    if ids:
        found |= {f"account:{row[0]}": Head(*row[1:]) for row in connection.execute(accounts)}
    if "settings" in streams and (desk := connection.execute(_DESK).first()):
        found["settings"] = Head(*desk)
    return found


_DESK = select(Desk.audit_seq, Desk.audit_mac).order_by(Desk.id).limit(1)


def _require_records(connection: Connection) -> None:
    """A ticket has at least the record of its creation; an account or desk what its row says."""
    its_records = exists().where(E.ticket_id == Ticket.id)
    ticket = connection.execute(select(Ticket.refid).where(~its_records).order_by(Ticket.id).limit(1)).first()
    if ticket:
        raise Tampered(f"ticket:{ticket.refid}", 1, _("the record is missing"))
    own = exists().where(E.stream == literal("account:").concat(cast(User.id, Text)))
    account = select(User.id).where(User.audit_seq > 0, ~own).order_by(User.id).limit(1)
    if found := connection.execute(account).first():
        raise Tampered(f"account:{found.id}", 1, _("the record is missing"))
    desk = connection.execute(select(Desk.id).where(Desk.audit_seq > 0, ~exists().where(E.stream == "settings")))
    if desk.first():
        raise Tampered("settings", 1, _("the record is missing"))
