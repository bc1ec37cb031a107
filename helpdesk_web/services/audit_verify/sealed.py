"""The seals: each follows the one before, every record they name is there, and the file outside agrees."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Self

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, Row, Select, Text, cast, select, tuple_

from helpdesk_web.config import Settings
from helpdesk_web.models import AuditEvent, AuditSeal
from helpdesk_web.services import chain, keys, seals
from helpdesk_web.services.audit_verify.fault import Tampered

PAGE = 20  # seals read at once; each may name thousands of records
HEADS = 500  # records looked up at once
Record = Row[*tuple[Any, ...]]
LINE = 256  # bytes; no line of the file is as long

_SEALS: Select[*tuple[Any, ...]] = select(
    AuditSeal.id, AuditSeal.last_event_id, AuditSeal.heads, AuditSeal.key_id, AuditSeal.mac,
    cast(AuditSeal.at, Text).label("at"),
).order_by(AuditSeal.id).limit(PAGE)  # fmt: skip


class Outside:
    """The file as it was when the walk began: what the worker adds meanwhile is not read."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self.exists = file is not None
        self._left = os.fstat(file.fileno()).st_size if file else 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        try:
            return cls(seals.path(settings).open("rb"))
        except FileNotFoundError:
            return cls(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file:
            self._file.close()

    def next(self) -> tuple[int, str] | None:
        """Return the next whole line; an unfinished last one is what a crash left."""
        line = self._file.readline(LINE) if self._file else b""
        self._left -= len(line)
        is_whole = line.endswith(b"\n") or len(line) == LINE
        return seals.parse(line) if is_whole and self._left >= 0 else None


@dataclass(slots=True)
class _Walk:
    outside: Outside
    count: int = 0
    behind: int = 0  # seals the file does not have (yet)
    mac: str = ""

    def follow(self, connection: Connection, seal: Record) -> None:
        self._require_mac(seal)
        self._require_heads(connection, seal)
        self._require_line(seal)
        self.count += 1
        self.mac = seal.mac

    def end(self) -> str:
        """Check what is left of the file; returns a remark when it lags more than a crash explains."""
        if left := self.outside.next():
            problem = _("audit.seals has it, the database does not: an older copy was put back")
            raise _bad(left[0], problem)
        if not self.outside.exists and self.count > 1:
            raise _bad(None, _("the file audit.seals is missing from the data directory of this machine"))
        if self.behind <= 1:
            return ""
        return str(_("audit.seals lacks the last %(num)s seals.", num=self.behind))

    def _require_mac(self, seal: Record) -> None:
        try:
            _key_id, key = keys.audit_key(current_app.config["HELPDESK"], seal.key_id)
            at = datetime.fromisoformat(seal.at)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
            expected = seals.mac(key, self.mac, at=at, last_event_id=seal.last_event_id, heads=seal.heads)
        except keys.UnknownKey as error:
            raise _bad(seal.id, _("the key %(id)s is not in the key ring", id=seal.key_id)) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise _bad(seal.id, _("the seal cannot be read: it was changed")) from error
        if not chain.same(expected, str(seal.mac)):
            raise _bad(seal.id, _("the seal was changed, or the one before it was removed"))

    def _require_heads(self, connection: Connection, seal: Record) -> None:
        """Every record the seal saw must still be there: else a chain's end was cut, or a whole chain."""
        heads: list[tuple[str, int, str]] = [tuple(head) for head in json.loads(seal.heads)]
        for start in range(0, len(heads), HEADS):
            some = heads[start : start + HEADS]
            known = _macs(connection, some)
            for stream, seq, mac in some:
                if (stream, seq) not in known:
                    raise Tampered(stream, seq, _("the record is missing: seal %(id)s saw it", id=seal.id))
                if known[stream, seq] != mac:
                    raise Tampered(stream, seq, _("seal %(id)s saw another record", id=seal.id))

    def _require_line(self, seal: Record) -> None:
        line = self.outside.next()
        if line is None:
            self.behind += 1
            return
        number, mac = line
        if number > seal.id:
            raise _bad(seal.id, _("audit.seals lacks it and has later ones: a line was removed"))
        if number != seal.id or mac != seal.mac:
            raise _bad(number, _("audit.seals has another: an older copy of the database was put back"))


def check(connection: Connection, outside: Outside) -> tuple[int, str]:
    """Follow the seals in order; returns how many there are, and a remark about the file."""
    walk = _Walk(outside)
    for seal in _seals(connection):
        walk.follow(connection, seal)
    return walk.count, walk.end()


def _seals(connection: Connection) -> Iterator[Record]:
    page = _SEALS
    while rows := list(connection.execute(page)):
        yield from rows
        page = _SEALS.where(AuditSeal.id > rows[-1].id)


def _macs(connection: Connection, heads: list[tuple[str, int, str]]) -> dict[tuple[str, int], str]:
    event = AuditEvent
    wanted = tuple_(event.stream, event.seq).in_([(stream, seq) for stream, seq, _mac in heads])
    rows = connection.execute(select(event.stream, event.seq, event.mac).where(wanted))
    return {(row.stream, row.seq): row.mac for row in rows}


def _bad(number: int | None, problem: str) -> Tampered:
    return Tampered("seal", number, problem)
