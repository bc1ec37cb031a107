"""The demo desk: lifelike, whole, and the same for the same seed."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk_web import audit, clock
from helpdesk_web.database import db
from helpdesk_web.demo import content, files, filling, staff
from helpdesk_web.demo.wording import Wording, body, excerpt
from helpdesk_web.markup import render_markdown
from helpdesk_web.models import Attachment, AuditEvent, Job, JobState, Rating, Reply, Team, Ticket, TicketStatus, User
from helpdesk_web.queries import portal, queues
from helpdesk_web.queries.analytics import Analytics
from helpdesk_web.services import desk, passwords, relations, sla, states, vault
from helpdesk_web.services.states import Event
from tests import databases, factories, servers

TICKETS, SEED = 160, 7


@pytest.fixture(scope="module")
def filled_desk(kind: str, sqlite_desk: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    yield from _filled(kind, sqlite_desk, tmp_path_factory.mktemp("demo") / kind)


@pytest.fixture
def filled(filled_desk: Flask) -> Iterator[Flask]:
    with filled_desk.app_context():
        desk.forget()
        yield filled_desk
        db.session.remove()


def _filled(kind: str, template: Flask, folder: Any) -> Iterator[Flask]:
    if kind == databases.POSTGRESQL:
        url = servers.new_database(f"demo_{databases.worker_name()}")
        app = databases.migrated_app(folder, url)
    else:
        app = databases.copied_app(template.config["HELPDESK"].data_dir, folder)
    with app.app_context():
        filling.fill(TICKETS, SEED)
        db.session.remove()
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def _person(name: str) -> User:
    return db.session.scalars(select(User).where(User.email == f"{name}@example.com")).one()


@pytest.mark.both
def test_it_has_as_many_tickets_as_were_asked_for(filled: Flask) -> None:
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == TICKETS
    assert filling.is_demo()
    assert desk.settings().desk_name == "Larkspur"
    assert desk.settings().time_zone == "Europe/Amsterdam"


@pytest.mark.both
def test_no_row_or_file_contradicts_another(filled: Flask) -> None:
    assert [str(fault) for fault in relations.find()] == []


@pytest.mark.both
def test_the_audit_is_real_and_sealed(filled: Flask) -> None:
    verdict = audit.verify()

    assert verdict, str(verdict)
    assert verdict.seals
    assert verdict.records > 4 * TICKETS
    assert audit.seal() == 0


def test_every_queue_has_tickets_in_it(filled: Flask) -> None:
    for name in ("alex", "kim", "sam"):
        counted = queues.counts(_person(name))
        empty = [queue for queue, count in counted.items() if not count]
        assert empty == ([] if name != "sam" else [queue for queue in empty if queue == "queue mine"])
    for status in TicketStatus:
        assert db.session.scalar(select(func.count()).where(Ticket.status == status))


def test_the_stretches_of_the_inbox_are_all_there(filled: Flask) -> None:
    now = clock.now()
    hours = [
        (due - now).total_seconds() / 3600
        for due in db.session.scalars(select(Ticket.queue_due_at).where(Ticket.status == TicketStatus.OPEN))
    ]

    assert any(left < 0 for left in hours)
    assert any(0 < left < 1 for left in hours)
    assert any(left > 9 for left in hours)


@pytest.mark.parametrize("name", ["carol", "carl"])
def test_both_customers_have_an_answer_to_read(filled: Flask, name: str) -> None:
    rows = portal.requests(_person(name)).rows

    assert len(rows) >= 4
    unread = [row for row in rows if row.unread]
    assert [row.status for row in unread] == ["pending"]


def test_the_printed_people_sign_in_with_the_printed_password(filled: Flask) -> None:
    roles = {person.email: person.role.value for person in staff.PRINTED}

    assert roles == {
        "ada@example.com": "admin",
        "sam@example.com": "supervisor",
        "alex@example.com": "agent",
        "kim@example.com": "agent",
        "carol@example.com": "customer",
        "carl@example.com": "customer",
    }
    for person in staff.PRINTED[:2]:
        assert passwords.matches(_person(person.email.partition("@")[0]).password_hash, "helpdesk-demo")
    hashes = set(db.session.scalars(select(User.password_hash).where(User.password_hash.is_not(None))))
    assert len(hashes) == 1


def test_due_times_are_those_the_services_would_set(filled: Flask) -> None:
    for ticket in db.session.scalars(select(Ticket)):
        kept = (ticket.sla_due_at, ticket.queue_due_at, ticket.warn_at)
        sla.promise(ticket)
        assert kept == (ticket.sla_due_at, ticket.queue_due_at, ticket.warn_at)
    db.session.rollback()


def test_every_change_of_state_is_one_of_the_table(filled: Flask) -> None:
    moves = select(AuditEvent).where(AuditEvent.event == "ticket.status_changed")
    for move in db.session.scalars(moves):
        before, event, after = (move.facts[name] for name in ("from", "event", "to"))
        to = states.TABLE[TicketStatus(before), Event(event)]
        assert after in (to, "open", "in_progress") if to is states.To.WORKED else after == to


def test_nothing_happens_in_the_future_or_before_its_cause(filled: Flask) -> None:
    now = clock.now()
    for ticket in db.session.scalars(select(Ticket)):
        said = [reply.created_at for reply in ticket.replies]
        assert said == sorted(said)
        assert said[0] == ticket.created_at
        assert max(ticket.last_activity_at, *said) <= now
    told = list(
        db.session.scalars(select(AuditEvent.at).where(AuditEvent.ticket_id.is_not(None)).order_by(AuditEvent.id))
    )
    assert told == sorted(told)


def test_most_promises_are_kept_but_not_all(filled: Flask) -> None:
    ended = select(func.count()).where(Ticket.open_flag.is_(False))
    late = db.session.scalar(ended.where(Ticket.breached_at.is_not(None))) or 0

    assert 0.02 < late / (db.session.scalar(ended) or 1) < 0.25
    assert db.session.scalar(select(func.count()).select_from(Rating))
    assert Analytics().get_dashboard()["success_rate"]


def test_no_mail_waits_to_be_sent(filled: Flask) -> None:
    mails = db.session.execute(select(Job.state, func.count()).where(Job.kind == "mail").group_by(Job.state)).all()

    assert [(state, 0 < number < 20) for state, number in mails] == [(JobState.KEPT, True)]


def test_enclosed_files_can_be_opened(filled: Flask) -> None:
    found = list(db.session.scalars(select(Attachment)))

    assert {"image/png"} < {file.content_type for file in found}
    for file in found:
        with vault.open_file(file) as stream:
            assert len(stream.read()) == file.size


def test_private_matters_are_for_their_team(filled: Flask) -> None:
    private = db.session.scalars(select(Team).where(Team.is_private)).one()

    assert db.session.scalar(select(func.count()).where(Ticket.team_id == private.id))
    customers = select(User.email).join(Ticket, Ticket.customer_id == User.id).where(Ticket.team_id == private.id)
    assert not {"carol@example.com", "carl@example.com"} & set(db.session.scalars(customers))


def test_the_same_seed_tells_the_same(sqlite_desk: Flask, tmp_path: Any, clock: Any) -> None:
    template = sqlite_desk.config["HELPDESK"].data_dir
    told = [_told(databases.copied_app(template, tmp_path / str(place)), seed) for place, seed in enumerate((3, 3, 4))]

    assert told[0] == told[1]
    assert told[0] != told[2]


def _told(app: Flask, seed: int) -> list[Any]:
    columns = (Ticket.refid, Ticket.subject, Ticket.status, Ticket.customer_id, Ticket.created_at, Ticket.preview)
    with app.app_context():
        filling.fill(30, seed)
        rows = db.session.execute(select(*columns).order_by(Ticket.id)).all()
        people = db.session.execute(select(User.name, User.email).order_by(User.id)).all()
        db.session.remove()
    return [rows, people]


def test_every_conversation_is_told_before_any_comes_again(sqlite_desk: Flask, tmp_path: Any) -> None:
    app = databases.copied_app(sqlite_desk.config["HELPDESK"].data_dir, tmp_path / "all")
    talks = content.conversations()
    with app.app_context():
        filling.fill(len(talks), 1)
        told = set(db.session.scalars(select(Ticket.subject)))
        db.session.remove()

    assert told == {talk.subject for talk in talks}


def test_varied_texts_are_what_rendering_them_gives() -> None:
    rng = random.Random(5)
    names = [person.name for person in content.people()]
    for talk in content.conversations():
        wording = Wording(rng, varied=True, signed_by=rng.choice(names))
        opening = wording.opening(talk.opening)
        assert opening.html == render_markdown(opening.text)
        for turn in talk.turns:
            said = wording.said(turn.text)
            assert said.html == render_markdown(said.text)


def test_a_varied_ticket_calls_the_same_order_the_same() -> None:
    wording = Wording(random.Random(1), varied=True)

    first, second = (
        wording.said("Order LK-20655 is late.").text,
        wording.said("LK-20655 has arrived, LK-20656 not.").text,
    )

    number = first.split()[1]
    assert number != "LK-20655"
    assert number in second
    assert "LK-20656" not in second


def test_texts_that_speak_of_files_have_some() -> None:
    assert [name for name, _bytes in files.spoken_of("Photos attached.")] == ["photo-1.png", "photo-2.png"]
    assert files.spoken_of("The parcel is late.") == ()
    assert files.letter("With (brackets) and \\ signs").startswith(b"%PDF-1.4")


def test_what_lists_show_is_the_excerpt() -> None:
    said = body("Some *words* here")
    assert excerpt(said) == said.excerpt == "Some words here"


@pytest.mark.both
def test_new_rows_get_numbers_of_their_own(filled: Flask) -> None:
    carol = _person("carol")
    before = db.session.scalar(select(func.max(Ticket.id)))

    ticket = factories.make_ticket(carol)

    assert ticket.id == before + 1
    assert ticket.replies[0].id == db.session.scalar(select(func.max(Reply.id)))
