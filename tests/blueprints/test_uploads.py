"""Files sent with a form: refused in words, with the text kept, and without a trace on the disk."""

import io

import pytest
from sqlalchemy import func, select

from helpdesk_web.database import db
from helpdesk_web.models import Attachment, Ticket
from helpdesk_web.services import desk
from helpdesk_web.services import store as store_module
from tests.factories import first_category

STORY = "My long story about the scanner"


@pytest.fixture
def rules(monkeypatch):
    def set_rules(**values):
        settings = desk.settings().model_copy(update={"vault": desk.settings().vault.model_copy(update=values)})
        monkeypatch.setattr(desk, "settings", lambda: settings)

    return set_rules


def ask(client, *files):
    uploads = [(io.BytesIO(content), name) for content, name in files]
    fields = {"subject": "Scanner", "description": STORY, "category_id": first_category().id}
    return client.post("/support/tickets", data=fields | {"files": uploads}, content_type="multipart/form-data")


def on_disk(app):
    return [path.name for path in app.config["HELPDESK"].vault_dir.glob("??/*")]


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_files_are_stored_with_the_request(app, customer, customer_client, make_category):
    assert ask(customer_client, (b"one", "a.txt"), (b"two", "../b.txt")).status_code == 303

    assert db.session.scalars(select(Attachment.name).order_by(Attachment.id)).all() == ["a.txt", "b.txt"]
    assert len(on_disk(app)) == 2


@pytest.mark.parametrize(
    ("rule", "files", "status", "words"),
    [
        ({"max_file_mb": 0.001}, [(b"x" * 2000, "big.bin")], 422, "“big.bin” is larger than"),
        ({"max_files": 1}, [(b"a", "a"), (b"b", "b")], 422, "at most 1 files"),
        ({"quota_mb": 0.001}, [(b"x" * 2000, "big.bin")], 413, "There is no room left"),
    ],
)
def test_a_refused_file_keeps_the_text_and_leaves_nothing(
    app, rules, customer, customer_client, make_category, rule, files, status, words
):
    first_category()
    rules(**rule)

    refused = ask(customer_client, *files)

    assert refused.status_code == status
    assert words in refused.text
    assert STORY in refused.text
    assert (count(Ticket), count(Attachment), on_disk(app)) == (0, 0, [])


def test_a_full_disk_is_507_with_the_text_kept_and_heals(app, monkeypatch, customer_client, make_category):
    def full(_handle):
        raise OSError(28, "No space left on device")

    first_category()
    with monkeypatch.context() as patched:
        patched.setattr(store_module.os, "fsync", full)
        refused = ask(customer_client, (b"one", "a.txt"))

    assert refused.status_code == 507
    assert STORY in refused.text
    assert (count(Ticket), on_disk(app)) == (0, [])
    assert ask(customer_client, (b"one", "a.txt")).status_code == 303


def test_who_must_wait_does_not_fill_the_disk(app, clock, customer_client, make_category):
    for _ in range(5):
        assert ask(customer_client).status_code == 303

    assert ask(customer_client, (b"one", "a.txt")).status_code == 429

    assert on_disk(app) == []


def test_a_stranger_stores_nothing(app, client_for, make_category):
    answer = ask(client_for(), (b"one", "a.txt"))

    assert answer.status_code in (303, 401)
    assert on_disk(app) == []
    assert count(Attachment) == 0


def test_a_file_cannot_be_put_on_a_strangers_ticket(app, client_for, make_user, make_ticket):
    ticket, mallory = make_ticket(), make_user()
    data = {"message": "mine now", "files": [(io.BytesIO(b"one"), "a.txt")]}

    answer = client_for(mallory).post(f"/support/tickets/{ticket.refid}/replies", data=data)

    assert answer.status_code == 404
    assert on_disk(app) == []
    db.session.refresh(mallory)
    assert mallory.vault_bytes == 0
