"""Seals show what chains alone cannot: ends that were cut, things that are gone, databases put back."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk_web import audit
from helpdesk_web.connections import sqlite_path
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import AuditSeal, Ticket
from helpdesk_web.services import audit as service
from helpdesk_web.services import seals
from tests import factories
from tests.damage import sql

pytestmark = pytest.mark.both


@pytest.fixture
def file(app: Flask) -> Iterator[Path]:
    path = seals.path(app.config["HELPDESK"])
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def ticket(file: Path, make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket()


@pytest.fixture
def sealed(ticket: Ticket) -> list[AuditSeal]:
    """Three seals over a ticket that went on."""
    for _minute in range(3):
        note(ticket)
        audit.seal()
    return in_database()


def note(ticket: Ticket, times: int = 1) -> None:
    with writing():
        for _time in range(times):
            service.record(ticket, None, "ticket.noted")
            db.session.flush()
        commit()


def in_database() -> list[AuditSeal]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditSeal).order_by(AuditSeal.id)))


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def test_a_seal_is_written_to_the_file_outside(sealed: list[AuditSeal], file: Path) -> None:
    assert lines(file) == [f"{seal.id} {seal.mac}" for seal in sealed]
    assert file.stat().st_mode & 0o777 == 0o600
    verdict = audit.verify()
    assert verdict.ok, str(verdict)
    assert verdict.seals == 3
    assert verdict.remark == ""


def test_a_quiet_minute_needs_no_seal(sealed: list[AuditSeal]) -> None:
    assert audit.seal() == 0
    assert len(in_database()) == 3


def test_a_seal_names_only_what_was_touched(ticket: Ticket, make_ticket: Callable[..., Ticket]) -> None:
    make_ticket()
    audit.seal()
    note(ticket, times=3)

    assert audit.seal() == 1
    assert in_database()[-1].heads == f'[["{ticket.audit_stream}",{ticket.audit_seq},"{ticket.audit_mac}"]]'


def test_a_long_minute_is_sealed_in_parts(ticket: Ticket, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "CHUNK", 4)
    note(ticket, times=9)

    assert audit.seal() >= 2
    assert len(lines(file)) == len(in_database())
    assert audit.verify()


def test_what_a_crash_kept_from_the_file_is_no_tampering_and_comes_later(
    sealed: list[AuditSeal], ticket: Ticket, file: Path
) -> None:
    note(ticket)
    with writing():
        seals.append()
        commit()  # and here the power went

    assert audit.verify()
    assert len(lines(file)) == 3
    assert audit.seal() == 0
    assert lines(file) == [f"{seal.id} {seal.mac}" for seal in in_database()]


@pytest.mark.parametrize("torn", [b"4", b"4 abcdef", b"garbage"])
def test_a_line_that_a_crash_left_unfinished_is_written_again(
    sealed: list[AuditSeal], ticket: Ticket, file: Path, torn: bytes
) -> None:
    with file.open("ab") as open_file:
        open_file.write(torn)
    assert audit.verify()
    note(ticket)
    audit.seal()

    assert lines(file) == [f"{seal.id} {seal.mac}" for seal in in_database()]
    assert audit.verify()


@pytest.mark.parametrize(
    "change", ["at = '2020-01-01 00:00:00'", "last_event_id = 1", "heads = '[]'", "heads = '{'", "mac = 'ff'"]
)
def test_a_changed_seal_is_named(sealed: list[AuditSeal], change: str) -> None:
    sql(f"UPDATE audit_seal SET {change} WHERE id = :id", id=sealed[1].id)

    assert_names(sealed[1].id)


def test_a_seal_under_an_unknown_key_is_named(sealed: list[AuditSeal]) -> None:
    sql("UPDATE audit_seal SET key_id = 'ffffffffffff' WHERE id = :id", id=sealed[1].id)

    assert_names(sealed[1].id, "key ring")


def test_a_removed_seal_is_missed_by_the_next_one(sealed: list[AuditSeal]) -> None:
    removed, following = sealed[1].id, sealed[2].id
    sql("DELETE FROM audit_seal WHERE id = :id", id=removed)

    assert_names(following)


def test_removed_last_seals_are_missed_by_the_file(sealed: list[AuditSeal]) -> None:
    last = sealed[2].id
    sql("DELETE FROM audit_seal WHERE id = :id", id=last)

    assert_names(last, "put back")


def test_a_database_that_was_put_back_is_named_for_good(sealed: list[AuditSeal], ticket: Ticket) -> None:
    """Chains and seals of the older state are whole; only the file knows that there was more."""
    last = sealed[2].id
    put_back(ticket, seq=3, seals_left=2)

    assert_names(last, "put back")
    note(ticket, times=2)  # the desk works on, as if nothing had happened
    audit.seal()
    note(ticket)
    audit.seal()
    assert not audit.verify()
    assert "put back" in audit.verify().problem


def test_a_changed_line_of_the_file_is_named(sealed: list[AuditSeal], file: Path) -> None:
    file.write_text(file.read_text().replace(sealed[1].mac, sealed[0].mac))

    assert_names(sealed[1].id, "another")


def test_a_removed_line_of_the_file_is_named(sealed: list[AuditSeal], file: Path) -> None:
    file.write_text("".join(f"{line}\n" for line in lines(file) if not line.startswith(f"{sealed[1].id} ")))

    assert_names(sealed[1].id, "line was removed")


def test_a_line_that_never_ends_is_named(sealed: list[AuditSeal], file: Path) -> None:
    file.write_bytes(b"x" * 100_000)

    assert not audit.verify()


def test_a_file_that_is_missing_is_told(sealed: list[AuditSeal], file: Path) -> None:
    file.unlink()

    assert "audit.seals is missing" in str(audit.verify())


def test_a_file_that_was_cut_is_remarked_and_brought_up(sealed: list[AuditSeal], file: Path) -> None:
    file.write_text(lines(file)[0] + "\n")

    assert "lacks the last 2 seals" in str(audit.verify())
    audit.seal()
    assert audit.verify().remark == ""


def test_a_record_committed_after_later_ones_were_sealed_is_sealed_next(ticket: Ticket, kind: str) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has one writer: ids are committed in order")
    other = factories.make_ticket()
    held_back = "SELECT * FROM audit_event WHERE stream = :s"
    sql(f"CREATE TEMP TABLE held ON COMMIT DROP AS {held_back}", s=ticket.audit_stream)
    sql("DELETE FROM audit_event WHERE stream = :s", s=ticket.audit_stream)
    note(other)
    audit.seal()
    assert ticket.audit_stream not in in_database()[-1].heads
    sql("INSERT INTO audit_event SELECT * FROM held")

    assert audit.seal() == 1
    assert ticket.audit_stream in in_database()[-1].heads
    assert other.audit_stream not in in_database()[-1].heads
    assert audit.seal() == 0


def test_a_copy_of_the_database_file_put_back_is_named(own_app: Flask, kind: str) -> None:
    if kind != "sqlite":
        pytest.skip("a database in a file")
    settings = own_app.config["HELPDESK"]
    ticket = factories.make_ticket()
    number = ticket.id
    audit.seal()
    kept = snapshot(sqlite_path(settings.database))
    note(ticket)
    audit.seal()
    assert audit.verify()

    restore(kept, sqlite_path(settings.database))

    assert db.session.get_one(Ticket, number).audit_seq == 1
    assert not audit.verify()
    assert "put back" in str(audit.verify())


def snapshot(path: Path | None) -> Path:
    assert path is not None
    db.session.rollback()
    with db.engine.connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(shutil.copy(path, path.with_suffix(".kept")))


def restore(kept: Path, path: Path | None) -> None:
    assert path is not None
    db.session.remove()
    db.engine.dispose()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(kept, path)


def put_back(ticket: Ticket, seq: int, seals_left: int) -> None:
    seals_gone = [seal.id for seal in in_database()[seals_left:]]
    stream, number = ticket.audit_stream, ticket.id
    mac = "SELECT mac FROM audit_event WHERE stream = :s AND seq = :n"
    sql(f"UPDATE ticket SET audit_seq = :n, audit_mac = ({mac}) WHERE id = :id", n=seq, s=stream, id=number)
    sql("DELETE FROM audit_event WHERE stream = :s AND seq > :n", n=seq, s=stream)
    for gone in seals_gone:
        sql("DELETE FROM audit_seal WHERE id = :id", id=gone)


def assert_names(number: int, word: str = "") -> None:
    verdict: Any = audit.verify()

    assert not verdict.ok
    assert (verdict.stream, verdict.seq) == ("seal", number), str(verdict)
    assert word in verdict.problem
    assert f"seal {number}" in str(verdict)
