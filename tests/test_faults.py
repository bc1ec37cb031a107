"""When the disk is full, the lock is taken or the clock is wrong: nothing typed is lost, nothing is half done."""

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.test import TestResponse

from helpdesk_web import audit, connections, database, gate, relations, support, throttle
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Attachment, Job, Reply, Submission, Ticket, User
from helpdesk_web.services import store, tokens
from tests import databases, factories

both = pytest.mark.both
TEXT = "It burns with a steady flame. " * 1500  # too long for what is left of any page


class Form:
    """One of the forms that people write long texts into."""

    def __init__(self, name: str, staff: bool, address: str, field: str, /, **others: str) -> None:
        self.name, self.staff, self.address, self.field, self.others = name, staff, address, field, others

    def send(self, client: FlaskClient, refid: str, **more: Any) -> TestResponse:
        return client.post(self.address.format(refid=refid), data={self.field: TEXT} | self.others | more)


FORMS = [
    Form("new request", False, "/support/tickets", "description", subject="Fire!", category_id="1", priority="high"),
    Form("answer of a customer", False, "/support/tickets/{refid}/replies", "message"),
    Form("answer of an agent", True, "/console/tickets/{refid}/replies", "message"),
    Form(
        "ticket for a customer",
        True,
        "/console/tickets",
        "description",
        subject="Fire!",
        category_id="1",
        priority="high",
        channel="phone",
        email="dora@example.com",
        name="Dora",
    ),
]
every_form = pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connections, database):
        monkeypatch.setattr(module, "LOCK_SECONDS", 0.3)


@pytest.fixture
def desk(impatient: None, own_app: Flask) -> Flask:
    return own_app


@pytest.fixture
def refid(desk: Flask) -> str:
    return factories.make_ticket(factories.make_user("customer")).refid


@pytest.fixture
def writer(desk: Flask, refid: str) -> Callable[[Form], FlaskClient]:
    """The browser of whoever fills in this form."""

    def sign_in(form: Form) -> FlaskClient:
        customer = db.session.scalars(select(User).join(Ticket, Ticket.customer_id == User.id)).one()
        return factories.browser(desk, factories.make_user("agent") if form.staff else customer)

    return sign_in


def rows() -> dict[str, int]:
    db.session.rollback()
    counted = {model.__name__: select(func.count()).select_from(model) for model in (Ticket, Reply, Job, Submission)}
    return {name: db.session.scalar(query) or 0 for name, query in counted.items()}


def typed(answer: TestResponse, field: str) -> str:
    """What stands in the page's field of this name, as the reader would send it again."""
    found = re.search(rf'<textarea[^>]*name="{field}"[^>]*>(.*?)</textarea>', answer.text, re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def assert_kept(answer: TestResponse, form: Form, status: int) -> None:
    assert answer.status_code == status, answer.text[:3000]
    assert int(answer.headers["Retry-After"]) > 0
    assert typed(answer, form.field) == TEXT.strip()
    for name, value in form.others.items():
        assert value in answer.text, name


# -- the lock is taken ---------------------------------------------------------------------------------------


@contextmanager
def taken(app: Flask) -> Iterator[None]:
    """Somebody else writes, and does not come to an end."""
    url = app.config["HELPDESK"].database
    if path := connections.sqlite_path(url):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as other:
            other.execute('LOCK TABLE ticket, "user" IN EXCLUSIVE MODE')
            yield
            other.rollback()


@both
@every_form
def test_a_lock_that_stays_taken_is_a_503_with_the_text_kept(desk: Flask, refid: str, writer: Any, form: Form) -> None:
    client, before = writer(form), rows()

    with taken(desk):
        assert_kept(form.send(client, refid), form, 503)

    assert rows() == before
    assert form.send(client, refid).status_code == 303  # and heals by itself


@both
def test_htmx_gets_the_form_back_with_its_text_or_leaves_it_where_it_is(desk: Flask, refid: str, writer: Any) -> None:
    form = FORMS[2]
    client = writer(form)

    with taken(desk):
        answer = client.post(
            f"/console/tickets/{refid}/replies", data={"message": TEXT}, headers={"HX-Request": "true"}
        )

    assert answer.status_code == 503
    assert typed(answer, "message") == TEXT.strip() or answer.headers.get("HX-Retarget") == "#toast"


# -- the disk is full ----------------------------------------------------------------------------------------


@contextmanager
def full_disk(app: Flask) -> Iterator[None]:
    """The database finds no room for one page more; PostgreSQL is made to say so."""
    db.session.rollback()
    if database.is_sqlite():
        with limited_pages():
            yield
    else:
        with writing():
            db.session.connection().exec_driver_sql(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$;"
                "CREATE TRIGGER full_disk BEFORE INSERT ON reply FOR EACH ROW EXECUTE FUNCTION full_disk()"
            )
            commit()
        yield
        with writing():
            db.session.connection().exec_driver_sql("DROP TRIGGER full_disk ON reply; DROP FUNCTION full_disk()")
            commit()


@contextmanager
def limited_pages() -> Iterator[None]:
    def limit(connection: Any, _record: Any = None) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", limit)
        db.session.remove()
        db.engine.dispose()


@both
@every_form
def test_a_full_disk_is_a_507_with_the_text_kept_and_nothing_half_done(
    desk: Flask, refid: str, writer: Any, form: Form
) -> None:
    client, before = writer(form), rows()

    with full_disk(desk):
        assert_kept(form.send(client, refid), form, 507)
        assert client.get("/console/tickets/" + refid if form.staff else "/support/tickets").status_code == 200

    assert rows() == before
    assert form.send(client, refid).status_code == 303
    assert audit.verify().ok
    assert relations.check().is_sound


@every_form
def test_no_room_for_files_is_a_507_with_the_text_kept(
    desk: Flask, refid: str, writer: Any, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, before = writer(form), rows()

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(store.os, "fsync", full)
        answer = form.send(client, refid, files=(BytesIO(b"flame"), "flame.txt"))

    assert_kept(answer, form, 507)
    assert rows() == before
    vault = desk.config["HELPDESK"].vault_dir
    assert not [path for path in vault.rglob("*") if path.is_file() and path.name != "lock"]
    assert form.send(client, refid, files=(BytesIO(b"flame"), "flame.txt")).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 1


def test_a_body_that_finds_no_room_to_wait_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _chunk: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(gate, "SpooledTemporaryFile", lambda **_: Full())
    statuses: list[str] = []
    environ = {"CONTENT_LENGTH": "4", "wsgi.input": BytesIO(b"body")}

    said = gate.Gate(lambda *_: [], at_once=1)(environ, lambda status, _headers: statuses.append(status))

    assert statuses == ["507 Insufficient Storage"]
    assert b"go back" in b"".join(said)


def test_a_form_that_finds_no_room_to_be_unpacked_is_a_507(
    desk: Flask, refid: str, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(desk.request_class, "_get_file_stream", full)

    answer = FORMS[1].send(writer(FORMS[1]), refid, files=(BytesIO(b"flame"), "flame.txt"))

    assert answer.status_code == 507


def test_limits_are_counted_in_memory_while_their_file_is_full(
    desk: Flask, refid: str, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(throttle.SQLiteStorage, "incr", full)

    assert FORMS[0].send(writer(FORMS[0]), refid).status_code == 303
    guesses = [
        factories.browser(desk).post("/login", data={"email": "a@example.com", "password": "x"}) for _ in range(30)
    ]
    assert {guess.status_code for guess in guesses} >= {429}
    assert all(guess.status_code < 500 for guess in guesses)


# -- the database is away ------------------------------------------------------------------------------------


@both
@every_form
def test_a_database_that_does_not_answer_is_a_503_with_the_text_kept(
    desk: Flask, refid: str, writer: Any, form: Form, kind: str
) -> None:
    client = writer(form)
    db.session.remove()

    with away(kind):
        answer = form.send(client, refid)
        assert client.get("/support").status_code == 503  # nor does a page ask it for the reader's name

    assert_kept(answer, form, 503)
    assert form.send(client, refid).status_code == 303


@contextmanager
def away(kind: str) -> Iterator[None]:
    """Every statement fails as it does when the server is stopped, or the disk cannot be read."""
    if kind == databases.POSTGRESQL:
        cause: Exception = psycopg.OperationalError("server closed the connection unexpectedly")
    else:
        cause = sqlite3.OperationalError("disk I/O error")
        cause.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[attr-defined]

    def fail(*_args: Any) -> None:
        raise OperationalError("SELECT 1", {}, cause)

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)


def test_a_statement_that_is_wrong_is_a_fault_of_ours() -> None:
    cause = sqlite3.OperationalError("no such column: oops")
    cause.sqlite_errorcode = sqlite3.SQLITE_ERROR  # type: ignore[attr-defined]

    assert connections.refusal(OperationalError("SELECT oops", {}, cause)) is None


@pytest.mark.parametrize("kind", [databases.POSTGRESQL])
def test_connections_that_the_server_ended_are_made_anew(desk: Flask, refid: str, writer: Any) -> None:
    client = writer(FORMS[1])
    assert client.get("/support/tickets").status_code == 200
    with psycopg.connect(desk.config["HELPDESK"].database.replace("+psycopg", "")) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    db.session.remove()

    assert client.get("/support/tickets").status_code == 200
    assert FORMS[1].send(client, refid).status_code == 303


# -- the clock is set back -----------------------------------------------------------------------------------


@both
def test_a_clock_set_back_keeps_the_order_and_makes_no_negative_time(
    clock: Any, make_ticket: Any, agent: User, customer: User, client_for: Any
) -> None:
    ticket = make_ticket(customer, description="First word")
    clock.tick(hours=-1)
    for author, text in ((agent, "Second word"), (customer, "Third word"), (agent, "Fourth word")):
        support.reply(ticket, author.id, text)
    support.resolve(ticket, by=agent)

    for reader, address in ((customer, "/support/tickets/"), (agent, "/console/tickets/")):
        page = client_for(reader).get(address + ticket.refid)
        places = [page.text.index(f"{word} word") for word in ("First", "Second", "Third", "Fourth")]
        assert page.status_code == 200
        assert places == sorted(places)
    assert ticket.first_response_hours == 0
    assert ticket.resolution_hours == 0
    assert ticket.paused_seconds == 0
    assert support.analytics().get_response_time_metrics() == {
        "avg_first_response_hours": 0,
        "avg_resolution_hours": 0,
    }
    assert relations.check().is_sound
    assert audit.verify().ok


@both
def test_a_pause_that_ends_before_it_began_is_none(clock: Any, make_ticket: Any, agent: User, customer: User) -> None:
    ticket = make_ticket(customer)
    due = ticket.sla_due_at
    support.resolve(ticket, by=agent)
    clock.tick(hours=-1)
    support.reopen(ticket, by=agent)

    assert ticket.paused_seconds == 0
    assert ticket.sla_due_at == due
    assert ticket.reopened_at >= ticket.created_at


@both
def test_a_used_link_stays_dead_when_the_clock_is_set_back(clock: Any, customer: User) -> None:
    with writing():
        secret = tokens.issue(tokens.Purpose.RESET, customer).rpartition("/")[2]
        commit()
    clock.tick(minutes=5)
    with writing():
        tokens.consume(tokens.Purpose.RESET, secret)
        commit()
    clock.tick(hours=-1)

    with pytest.raises(tokens.DeadLink):
        tokens.look(tokens.Purpose.RESET, secret)


@both
def test_limits_recover_from_a_clock_that_was_ahead(clock: Any, client_for: Any, customer: User) -> None:
    category = factories.first_category()
    clock.tick(hours=5)
    for _ in range(5):
        support.make().for_user(customer).category(category).subject("Fire").description("It burns.").create()
    clock.tick(hours=-5, minutes=1)

    limiter = support.rate_limiter()
    assert limiter.get_time_until_next_ticket(customer.id) <= timedelta(hours=1).total_seconds()


def test_a_connection_that_died_is_told_as_a_busy_desk(app: Any, customer_client: Any, monkeypatch: Any) -> None:
    """However the driver puts it, and even when the rollback fails too."""
    dead = InterfaceError("SELECT 1", {}, Exception("the connection is closed"))

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("something fell over it") from dead

    monkeypatch.setattr("helpdesk_web.queries.portal.requests", broken)

    answer = customer_client.get("/support/tickets")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
