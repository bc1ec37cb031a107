"""Nothing in the audit can be changed, removed, added or moved without `verify` naming it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from helpdesk_web import audit
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Desk, Ticket, User
from helpdesk_web.services import audit as service
from helpdesk_web.services import chain, keys
from tests import factories
from tests.damage import sql, value

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def no_file_of_other_tests(app: Flask) -> Iterator[None]:
    file = app.config["HELPDESK"].data_dir / "audit.seals"
    file.unlink(missing_ok=True)
    yield
    file.unlink(missing_ok=True)


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    """A ticket with five records; another one and an account have chains beside it."""
    other, ticket = make_ticket(), make_ticket()
    for number in range(2, 6):
        log(ticket, agent, "ticket.noted", {"number": number}, private={"name": "Ana"})
    log(other, agent, "ticket.noted", {"number": 2})
    log(agent, agent, "account.signed_in", {})
    return ticket


def log(thing: Any, actor: User | None, event: str, facts: dict[str, Any], **more: Any) -> None:
    with writing():
        service.record(db.session.get_one(type(thing), thing.id), actor, event, facts, **more)
        db.session.flush()
        commit()


def test_an_untouched_desk_verifies(ticket: Ticket) -> None:
    verdict = audit.verify()

    assert verdict.ok, str(verdict)
    assert verdict.streams >= 3
    assert "as they were written" in str(verdict)


def test_records_of_one_thing_follow_each_other(ticket: Ticket) -> None:
    events = audit.history().on(ticket).all()

    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert events[-1].mac == ticket.audit_mac
    assert audit.history().on(ticket).latest().first() == events[-1]
    assert {event.ticket_id for event in events} == {ticket.id}


CHANGES = {
    "event": "event = 'ticket.forged'",
    "actor": "actor_id = NULL",
    "time": "at = '2020-01-01 00:00:00'",
    "facts": """facts = '{"number": 7}'""",
    "mac": "mac = 'ff'",
    "key": "key_id = 'ffffffffffff'",
    "ticket": "ticket_id = NULL",
    "private part": """private = '{"name": "Eve", "salt": "00"}'""",
}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_changed_record_is_named(ticket: Ticket, column: str, seq: int) -> None:
    sql(
        f"UPDATE audit_event SET {CHANGES[column]} WHERE stream = :s AND seq = :n",
        s=ticket.audit_stream,
        n=seq,
    )

    assert_names(ticket.audit_stream, seq)


def test_a_changed_mac_with_the_next_one_left_alone_names_the_first(ticket: Ticket) -> None:
    forged = value("SELECT mac FROM audit_event WHERE stream = :s AND seq = 4", s=ticket.audit_stream)
    sql("UPDATE audit_event SET mac = :m WHERE stream = :s AND seq = 2", s=ticket.audit_stream, m=forged)

    assert_names(ticket.audit_stream, 2)


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_a_removed_record_is_named(ticket: Ticket, seq: int) -> None:
    sql("DELETE FROM audit_event WHERE stream = :s AND seq = :n", s=ticket.audit_stream, n=seq)

    assert_names(ticket.audit_stream, seq, "missing")


def test_a_removed_record_is_named_when_the_later_ones_move_up(ticket: Ticket) -> None:
    sql("DELETE FROM audit_event WHERE stream = :s AND seq = 3", s=ticket.audit_stream)
    sql("UPDATE audit_event SET seq = 3 WHERE stream = :s AND seq = 4", s=ticket.audit_stream)
    sql("UPDATE audit_event SET seq = 4 WHERE stream = :s AND seq = 5", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 3)


def test_swapped_records_are_named(ticket: Ticket) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        move = "UPDATE audit_event SET seq = :new WHERE stream = :s AND seq = :old"
        sql(move, s=ticket.audit_stream, old=old, new=new)

    assert_names(ticket.audit_stream, 2)


def test_swapped_contents_are_named(ticket: Ticket) -> None:
    columns = ("facts", "mac", "at", "event", "private")
    swap = ", ".join(f"{c} = (SELECT {c} FROM audit_event WHERE stream = :s AND seq = 4)" for c in columns)
    sql(f"UPDATE audit_event SET {swap} WHERE stream = :s AND seq = 3", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 3)


@pytest.mark.parametrize("seq", [0, -1, 6, 9])
def test_an_inserted_record_is_named(ticket: Ticket, seq: int) -> None:
    copy(ticket, "stream", seq, 2)

    assert_names(ticket.audit_stream, 6 if seq == 9 else seq)


def test_a_record_inserted_between_others_is_named(ticket: Ticket) -> None:
    for seq in (5, 4, 3):
        sql("UPDATE audit_event SET seq = :n + 1 WHERE stream = :s AND seq = :n", s=ticket.audit_stream, n=seq)
    copy(ticket, "stream", 3, 2)

    assert_names(ticket.audit_stream, 3)


def test_a_record_in_a_stream_of_nothing_is_named(ticket: Ticket) -> None:
    copy(ticket, "'account:999999999999999999999'", 1, 2)

    assert_names("account:999999999999999999999", 1, "removed")


def test_a_cut_end_is_named(ticket: Ticket) -> None:
    sql("DELETE FROM audit_event WHERE stream = :s AND seq > 3", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 4, "cut")


def test_a_head_that_was_put_back_alone_is_named(ticket: Ticket) -> None:
    put_head_back(ticket, 3)

    assert_names(ticket.audit_stream, 5)


def test_a_cut_end_is_named_by_its_seal_when_the_head_was_put_back_too(ticket: Ticket) -> None:
    audit.seal()
    put_head_back(ticket, 3)
    sql("DELETE FROM audit_event WHERE stream = :s AND seq > 3", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 5, "seal")


def test_a_ticket_without_records_is_named(ticket: Ticket) -> None:
    sql("DELETE FROM audit_event WHERE stream = :s", s=ticket.audit_stream)
    sql("UPDATE ticket SET audit_seq = 0, audit_mac = '' WHERE id = :id", id=ticket.id)

    assert_names(ticket.audit_stream, 1, "missing")


def test_a_ticket_that_was_removed_with_its_records_is_named(ticket: Ticket) -> None:
    audit.seal()
    stream, number = ticket.audit_stream, ticket.id
    for table in ("reply", "job", "audit_event"):
        sql(f"DELETE FROM {table} WHERE ticket_id = :id", id=number)
    sql("DELETE FROM ticket WHERE id = :id", id=number)

    assert_names(stream, 5, "missing")


def test_a_ticket_that_was_removed_without_its_records_is_named(ticket: Ticket) -> None:
    sql("DELETE FROM reply WHERE ticket_id = :id", id=ticket.id)
    sql("UPDATE ticket SET refid = 'sup_gone', audit_seq = 0 WHERE id = :id", id=ticket.id)

    assert_names(ticket.audit_stream, 1, "removed")


def test_an_accounts_records_are_guarded_as_well(ticket: Ticket, agent: User) -> None:
    sql("DELETE FROM audit_event WHERE stream = :s", s=agent.audit_stream)

    assert_names(agent.audit_stream, 1, "missing")


def test_the_settings_have_a_chain_of_their_own(ticket: Ticket, agent: User) -> None:
    desk = db.session.query(Desk).one()
    log(desk, agent, "setting.changed", {"name": "desk_name", "from": "A", "to": "B"})
    assert audit.verify()
    sql("UPDATE audit_event SET facts = '{}' WHERE stream = 'settings' AND seq = :n", n=desk.audit_seq)

    assert_names("settings", desk.audit_seq)


def test_facts_that_no_longer_parse_are_named(ticket: Ticket, kind: str) -> None:
    if kind == "sqlite":
        sql("UPDATE audit_event SET facts = '{oh' WHERE stream = :s AND seq = 2", s=ticket.audit_stream)
    else:
        sql("UPDATE audit_event SET facts = '[1]' WHERE stream = :s AND seq = 2", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 2)


def test_what_is_private_can_be_erased_and_the_chain_stays_whole(ticket: Ticket) -> None:
    with writing():
        for event in audit.history().on(ticket).all():
            event.private = None
        commit()

    assert audit.verify()


def test_the_digest_of_what_was_private_cannot_be_guessed(ticket: Ticket) -> None:
    noted = [event for event in audit.history().on(ticket).all() if event.event == "ticket.noted"]

    digests = {event.facts["private_digest"] for event in noted}

    assert len(digests) == len(noted), "equal values have different digests"
    assert chain.digest({"name": "Ana"}) not in digests


def test_a_missing_key_is_told_apart_from_a_forgery(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_audit_keys", lambda _folder, _given: {"abc": b"another key"})

    assert "key ring" in str(audit.verify())


def test_a_builder_logs_one_event_and_commits_it(ticket: Ticket, agent: User) -> None:
    audit.make().event("sla.urgent_escalation").on(ticket).by(agent).with_("expected_resolution", "noon").log()
    db.session.rollback()

    last = audit.history().on(ticket).latest().all()[0]
    assert (last.event, last.actor_id, last.facts) == (
        "sla.urgent_escalation",
        agent.id,
        {"expected_resolution": "noon"},
    )
    assert audit.verify()


def test_a_builder_inside_a_change_is_part_of_it(ticket: Ticket, agent: User) -> None:
    with writing():
        audit.make().event("ticket.noted").on(ticket).by(agent.id).log()
        db.session.rollback()

    assert len(audit.history().on(ticket).all()) == 5


def test_an_event_without_a_thing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        audit.make().event("ticket.noted").log()


def test_many_records_are_walked_in_pages(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    from helpdesk_web.services.audit_verify import records

    monkeypatch.setattr(records, "_RECORDS", records._RECORDS.limit(3))
    assert audit.verify()
    sql("UPDATE audit_event SET event = 'x' WHERE stream = :s AND seq = 4", s=ticket.audit_stream)

    assert_names(ticket.audit_stream, 4)


def test_odd_facts_come_back_from_the_database_as_they_were_signed(ticket: Ticket, agent: User) -> None:
    odd = {"": [0.1, 1e-07, -0.0, 1e22, 2**70, True, None], "a\0b": "\ud800 é 漢", "z": {"b": 1, "a": [{}]}}
    log(ticket, agent, "ticket.noted", odd, private=odd)

    assert audit.verify()


def assert_names(stream: str, seq: int, word: str = "") -> None:
    verdict = audit.verify()

    assert not verdict.ok
    assert (verdict.stream, verdict.seq) == (stream, seq), str(verdict)
    assert word in verdict.problem
    assert stream in str(verdict)


def put_head_back(ticket: Ticket, seq: int) -> None:
    sql(
        "UPDATE ticket SET audit_seq = :n, audit_mac ="
        " (SELECT mac FROM audit_event WHERE stream = :s AND seq = :n) WHERE id = :id",
        s=ticket.audit_stream,
        n=seq,
        id=ticket.id,
    )


def copy(ticket: Ticket, stream: str, seq: int, source: int) -> None:
    """Write another record with the content of one that is there."""
    columns = "at, event, actor_id, ticket_id, facts, private, key_id, mac"
    sql(
        f"INSERT INTO audit_event (stream, seq, {columns}) SELECT {stream}, :n, {columns}"
        " FROM audit_event WHERE stream = :s AND seq = :source",
        s=ticket.audit_stream,
        n=seq,
        source=source,
    )


def test_a_desk_at_work_verifies_at_any_moment(own_app: Flask) -> None:
    """Seals and records that come while the walk is under way are no tampering."""
    numbers = [factories.make_ticket().id for _ticket in range(3)]
    stop, rounds = threading.Event(), []

    def work() -> None:
        with own_app.app_context():
            while not stop.is_set():
                for number in numbers:
                    audit.make().event("ticket.noted").on(db.session.get_one(Ticket, number)).log()
                rounds.append(audit.seal())

    worker = threading.Thread(target=work)
    worker.start()
    try:
        verdicts = []
        while len(verdicts) < 10 or len(rounds) < 2:  # however slowly the other thread gets its turns
            verdicts.append(audit.verify())
    finally:
        stop.set()
        worker.join()

    assert all(verdicts), [str(verdict) for verdict in verdicts if not verdict]
    assert audit.verify()
