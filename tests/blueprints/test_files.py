"""Who may open which file, and what the browser is told about it."""

import io
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from PIL import Image
from sqlalchemy import select

from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Attachment, Reply
from helpdesk_web.services import replies, texts, vault
from tests import factories
from tests.databases import counted

SECRET = b"NOTE-2f6c1d the customer must never read this"


@pytest.fixture
def desk(make_user, make_ticket, client_for):
    """Alice's ticket in a private team's hands, with a public file and a note's file."""
    people = SimpleNamespace(
        alice=make_user("customer"),
        mallory=make_user("customer"),
        agent=make_user("agent"),
        member=make_user("agent"),
        supervisor=make_user("supervisor"),
        admin=make_user("admin"),
    )
    team = factories.make_team("Red", members=(people.member,), private=True)
    ticket = make_ticket(people.alice)
    public = file_on(ticket, people.alice, b"hello", "Rechnung März.txt")
    note = file_on(ticket, people.member, SECRET, "note.txt", internal=True)
    with writing():
        ticket.team_id = team.id
        commit()
    clients = {name: client_for(person) for name, person in vars(people).items()} | {"stranger": client_for()}
    return SimpleNamespace(people=people, ticket=ticket, public=public, note=note, clients=clients)


def file_on(ticket, author, content, name="file", *, internal=False):
    files = vault.store_all([(name, io.BytesIO(content))], author)
    message = replies.Message(texts.body("See the file."), files=files)
    with writing():
        if not author.is_staff:
            reply = replies.hear_customer(ticket, author=author, message=message).reply
        else:
            say = replies.note if internal else replies.answer_customer
            reply = say(ticket, author=author, message=message)
        commit()
    return db.session.scalars(select(Attachment).where(Attachment.reply_id == reply.id)).one()


def address(attachment, name=None):
    return f"/files/{attachment.key}/{quote(name or attachment.name, safe='')}"


@pytest.mark.parametrize(
    ("reader", "sees_public", "sees_note"),
    [
        ("stranger", 404, 404),
        ("mallory", 404, 404),
        ("alice", 200, 404),
        ("agent", 404, 404),
        ("member", 200, 200),
        ("supervisor", 200, 200),
        ("admin", 200, 200),
    ],
)
def test_a_file_is_as_hidden_as_its_message(desk, reader, sees_public, sees_note):
    client = desk.clients[reader]

    assert client.get(address(desk.public)).status_code == sees_public
    assert client.get(address(desk.note)).status_code == sees_note
    assert client.head(address(desk.note)).status_code == sees_note
    ranged = client.get(address(desk.note), headers={"Range": "bytes=0-3"})
    assert ranged.status_code == (206 if sees_note == 200 else 404)


def test_what_is_hidden_looks_like_what_is_not_there(desk):
    client = desk.clients["alice"]

    hidden = client.get(address(desk.note))
    absent = client.get("/files/AAAAAAAAAAAAAAAAAAAAAA/note.txt")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert set(hidden.headers.keys()) == set(absent.headers.keys())
    assert b"NOTE-" not in hidden.data


def test_nothing_of_a_notes_file_is_on_the_customers_page(desk):
    page = desk.clients["alice"].get(f"/support/tickets/{desk.ticket.refid}")

    assert page.status_code == 200
    assert desk.public.key in page.text
    assert desk.note.key not in page.text
    assert "note.txt" not in page.text


def test_an_unverified_account_sees_only_what_it_asked_itself(desk, make_user, make_ticket, client_for):
    newcomer = make_user("customer", verified_at=None)
    asked = file_on(make_ticket(newcomer), newcomer, b"mine")
    for_them = file_on(make_ticket(newcomer, author_id=desk.people.admin.id), desk.people.admin, b"theirs")
    client = client_for(newcomer)

    assert client.get(address(asked)).status_code == 200
    assert client.get(address(for_them)).status_code == 404


def test_a_file_is_saved_and_never_run(desk):
    answer = desk.clients["alice"].get(address(desk.public))

    assert answer.data == b"hello"
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.content_length == 5
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers.getlist("Content-Disposition") == [
        "attachment; filename=\"Rechnung Marz.txt\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.txt"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script/></html>",
        b"%PDF-1.7 /OpenAction << /S /JavaScript >>",
    ],
)
def test_whatever_may_hold_a_script_is_only_saved(desk, content):
    attachment = file_on(desk.ticket, desk.people.alice, content, "picture.svg")

    answer = desk.clients["alice"].get(address(attachment))

    assert answer.mimetype in ("text/plain", "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_type_that_is_not_on_our_list_is_served_as_bytes(desk):
    with writing():
        desk.public.content_type = "text/html"
        commit()

    answer = desk.clients["alice"].get(address(desk.public))

    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_safe_picture_is_shown(desk, kind):
    picture = io.BytesIO()
    Image.new("RGB", (3, 2)).save(picture, kind)
    attachment = file_on(desk.ticket, desk.people.alice, picture.getvalue() + b"<script>", "p.html")

    answer = desk.clients["alice"].get(address(attachment))

    assert answer.content_type == f"image/{kind.lower()}"
    assert answer.headers["Content-Disposition"] == "inline; filename=p.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.png",
        "a\u202egpj.exe",
        "a\r\nX-Evil: 1.txt",
        "a\0.txt",
        "x" * 10_000,
        "..",
        "CON",
        ".\u200b",
    ],
)
def test_no_name_leaves_its_header_or_its_page(desk, name):
    attachment = file_on(desk.ticket, desk.people.alice, b"hello", name)

    answer = desk.clients["alice"].get(address(attachment))

    assert answer.status_code == 200
    assert len(answer.headers.getlist("Content-Disposition")) == 1
    assert "X-Evil" not in answer.headers
    assert len(attachment.name) <= 200


def test_the_name_in_the_address_is_only_for_the_reader(desk):
    client = desk.clients["alice"]

    assert client.get(address(desk.public, "other.html")).headers["Content-Type"].startswith("text/plain")
    for path in ("%2e%2e", "..%2f..%2fkeys", "%252e%252e%252f", "x/../../y", "%00"):
        answer = client.get(f"/files/{desk.public.key}/{path}")
        assert answer.status_code in (200, 404)
        assert answer.status_code == 404 or answer.data == b"hello"
    for key in ("..", "%2e%2e%2fkeys", "%00", "x" * 5000, "%F0%9F%98%80", desk.public.digest):
        assert client.get(f"/files/{key}/x").status_code == 404


def test_a_part_of_a_file_can_be_asked_for(desk):
    client = desk.clients["alice"]

    part = client.get(address(desk.public), headers={"Range": "bytes=1-3"})
    beyond = client.get(address(desk.public), headers={"Range": "bytes=9-"})
    head = client.head(address(desk.public))

    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"ell", "bytes 1-3/5")
    assert "sandbox" in part.headers["Content-Security-Policy"]
    assert beyond.status_code == 416
    assert (head.status_code, head.content_length, head.data) == (200, 5, b"")


def test_a_file_the_disk_has_lost_is_not_found(desk, app):
    path = app.config["HELPDESK"].vault_dir / desk.public.digest[:2] / desk.public.digest
    path.unlink()

    assert desk.clients["alice"].get(address(desk.public)).status_code == 404


def test_opening_a_file_reads_with_few_statements(desk, app):
    client = desk.clients["alice"]
    client.get(address(desk.public))
    with counted(app) as statements:
        client.get(address(desk.public))

    assert len(statements) <= 3  # who asks, the file, the desk's settings


def test_a_page_lists_only_the_files_of_its_messages(desk):
    shown = db.session.scalars(select(Attachment.key).join(Reply).where(Reply.is_internal.is_(False))).all()

    assert shown == [desk.public.key]
