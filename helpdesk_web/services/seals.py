"""Lays a seal over the audit's chains each minute, and keeps its mac outside the database too.

A seal names the last record of every stream touched since the seal before it. So a chain whose end was cut
is missed, and so is a ticket that is gone with all its records; `<data_dir>/audit.seals` misses a database
that was put back.
"""

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Row, func, select

from helpdesk_web import clock
from helpdesk_web.config import Settings
from helpdesk_web.database import db, is_sqlite
from helpdesk_web.models import AuditEvent, AuditSeal
from helpdesk_web.services import chain, keys
from helpdesk_web.services.keys import sync_folder

CHUNK = 1_000  # records a seal looks at: the write lock is held for some milliseconds
LOOK_BACK = 1_000  # PostgreSQL commits ids out of order: this many before the last one may have come late
STREAM = "seal"  # no thing's stream is called so
_ADVISORY_LOCK = 0x5EA1

log = logging.getLogger(__name__)


def append() -> AuditSeal | None:
    """Seal the records since the last seal, `CHUNK` at most; None when there is nothing to seal.

    Inside `writing()`. After the commit call `publish()`.
    """
    connection = db.session.connection()
    if not is_sqlite(connection):  # two workers must not both follow the same seal
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    last = connection.execute(_LAST).first()
    fresh = _records(connection, after=last.last_event_id if last else 0, limit=CHUNK)
    late = [] if last is None or is_sqlite(connection) else _late(connection, last.last_event_id)
    if not fresh and not late:
        return None
    heads: dict[str, tuple[int, str]] = {}
    for record in (*late, *fresh):
        if record.seq > heads.get(record.stream, (0, ""))[0]:
            heads[record.stream] = (record.seq, record.mac)
    last_event_id = fresh[-1].id if fresh else last.last_event_id if last else 0
    seal = _seal(last.mac if last else "", last_event_id, [[name, *head] for name, head in sorted(heads.items())])
    db.session.add(seal)
    db.session.flush()
    return seal


def mac(key: bytes, previous: str, *, at: datetime, last_event_id: int, heads: str) -> str:
    """Return the mac that chains a seal to the one before."""
    content = {
        "at": chain.moment(at),
        "last": last_event_id,
        "heads": hashlib.sha256(heads.encode()).hexdigest(),
    }
    return chain.mac(key, STREAM, 0, previous, content)


def publish() -> None:
    """Write the seals that the file lacks to it, and see them on the disk.

    After the commit: the file may lag behind the database by what a crash kept from it, and is brought up
    here on the next run; it never leads. One that does, or that names another seal, is evidence and stays.
    """
    settings: Settings = current_app.config["HELPDESK"]
    with _locked(path(settings)) as handle:
        known = _last_line(handle)
        lines = "".join(f"{seal.id} {seal.mac}\n" for seal in _lacking(known))
        if lines:
            os.write(handle, lines.encode())
            os.fsync(handle)


def path(settings: Settings) -> Path:
    return settings.data_dir / "audit.seals"


_LAST = select(AuditSeal.id, AuditSeal.mac, AuditSeal.last_event_id).order_by(AuditSeal.id.desc()).limit(1)


def _records(connection: Connection, *, after: int, limit: int, until: int | None = None) -> list[Row[Any]]:
    records = select(AuditEvent.id, AuditEvent.stream, AuditEvent.seq, AuditEvent.mac)
    records = records.where(AuditEvent.id > after).order_by(AuditEvent.id).limit(limit)
    if until is not None:
        records = records.where(AuditEvent.id <= until)
    return list(connection.execute(records))


def _late(connection: Connection, last_event_id: int) -> list[Row[Any]]:
    """Records before the last sealed one that no seal has seen, because they were committed after it."""
    floor = last_event_id - LOOK_BACK
    sealed: dict[str, int] = {}
    seals = select(AuditSeal.heads, AuditSeal.last_event_id).order_by(AuditSeal.id.desc())
    with connection.execute(seals, execution_options={"yield_per": 50}) as rows:
        for row in rows:
            if row.last_event_id <= floor:
                break
            for stream, seq, _mac in json.loads(row.heads):
                sealed[stream] = max(seq, sealed.get(stream, 0))
    records = _records(connection, after=floor, until=last_event_id, limit=LOOK_BACK)
    return [record for record in records if record.seq > sealed.get(record.stream, 0)]


def _seal(previous: str, last_event_id: int, heads: list[list[Any]]) -> AuditSeal:
    key_id, key = keys.audit_key(current_app.config["HELPDESK"])
    at, text = clock.now(), chain.canonical(heads).decode()
    signed = mac(key, previous, at=at, last_event_id=last_event_id, heads=text)
    return AuditSeal(at=at, last_event_id=last_event_id, heads=text, key_id=key_id, mac=signed)


def _lacking(known: tuple[int, str] | None) -> list[Row[Any]]:
    seals = select(AuditSeal.id, AuditSeal.mac).order_by(AuditSeal.id)
    if known is None:
        return list(db.session.execute(seals))
    number, seen = known
    if db.session.scalar(select(AuditSeal.mac).where(AuditSeal.id == number)) == seen:
        return list(db.session.execute(seals.where(AuditSeal.id > number)))
    log.error("audit.seals ends with seal %s, which the database does not have: was it put back?", number)
    return list(db.session.execute(seals.order_by(None).order_by(AuditSeal.id.desc()).limit(1)))


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    is_new = not file.exists()
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if is_new:
            sync_folder(file.parent)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _last_line(handle: int) -> tuple[int, str] | None:
    """Return the last whole line; what a crash left unfinished after it is dropped."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, 4096, max(0, size - 4096))
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        os.ftruncate(handle, size - len(tail) + len(whole))
    return parse(whole.splitlines()[-1]) if whole else None


def parse(line: bytes) -> tuple[int, str]:
    """Read one line of the file; a line that was tampered with reads as a seal that cannot be."""
    number, _space, seal = line.decode("ascii", "replace").strip().partition(" ")
    return (int(number), seal) if number.isdecimal() and len(number) < 19 else (-1, seal)
