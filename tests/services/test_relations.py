"""`fix-relations` finds what it claims, on both databases: rows and files are broken here on purpose."""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from helpdesk_web import audit, relations, support
from helpdesk_web import clock as product_clock
from helpdesk_web import vault as vault_edge
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Attachment, AuditEvent, Ticket, User
from helpdesk_web.services import tickets, vault
from helpdesk_web.services.relations import Fault
from tests import factories
from tests.damage import sql, value

pytestmark = pytest.mark.both
GONE = 987654


@pytest.fixture
def ticket(clock: Any, make_ticket: Callable[..., Ticket], agent: User, customer: User) -> Ticket:
    """A ticket with an answer, a file, a note and the customer's last word."""
    files = vault.store_all([("flame.txt", BytesIO(b"it burns"))])
    ticket = make_ticket(customer, files=files)
    support.assign(ticket, agent.id, by=agent)
    support.reply(ticket, agent.id, "We are **looking** into this.")
    support.reply(ticket, agent.id, "Looks like arson to me.", is_internal=True)
    support.reply(ticket, customer.id, "It still burns.")
    return ticket


@pytest.fixture
def attachment(ticket: Ticket) -> Attachment:
    return db.session.query(Attachment).one()


@pytest.fixture
def root(app: Flask) -> Path:
    return app.config["HELPDESK"].vault_dir


def found() -> list[Fault]:
    return relations.check().left


def assert_found_and_mended(kind: str, *words: str) -> None:
    faults = found()
    assert [fault.kind for fault in faults] == [kind], list(map(str, faults))
    assert all(word in str(faults[0]) for word in words), str(faults[0])
    fixed = relations.check(fix=True)
    assert fixed.is_sound, list(map(str, fixed.left))
    assert not found()
    assert_audited(fixed.mended[0])


def assert_found_and_left(kind: str, *words: str) -> None:
    fixed = relations.check(fix=True)
    assert [fault.kind for fault in fixed.left] == [kind], list(map(str, fixed.left))
    assert all(word in str(fixed.left[0]) for word in words), str(fixed.left[0])


def assert_audited(fault: Fault) -> None:
    mended = db.session.query(AuditEvent).filter(AuditEvent.event.like("%.mended")).all()
    assert fault.what in [event.facts["what"] for event in mended]
    assert audit.verify().ok, str(audit.verify())


def test_a_desk_at_work_has_no_faults(ticket: Ticket, agent: User, customer: User) -> None:
    for verb in (support.resolve, support.reopen, support.close, support.reopen):
        verb(ticket, by=agent)
        assert not found()
    assert relations.check(fix=True).mended == []


def test_every_state_of_a_ticket_is_sound(make_ticket: Callable[..., Ticket], agent: User) -> None:
    for status in ("pending", "resolved", "closed"):
        ticket = make_ticket(priority="urgent")
        support.assign(ticket, agent.id, by=agent)
        support.reply(ticket, agent.id, "Done.")
        with writing():
            tickets.set_status(db.session.get_one(Ticket, ticket.id), status, by=agent)
            commit()

    assert not found()


# -- rows that refer to nothing ------------------------------------------------------------------------------


def test_sessions_and_tokens_of_missing_people_go(ticket: Ticket) -> None:
    sql(
        "INSERT INTO login_session (user_id, secret_hash, created_at, last_seen_at, user_agent, address)"
        " VALUES (:id, 'x', '2026-01-01', '2026-01-01', '', '')",
        id=GONE,
    )

    assert_found_and_mended("orphan", "login_session", f"user_id {GONE}")


def test_a_reply_of_a_missing_ticket_goes(ticket: Ticket, customer: User) -> None:
    sql(
        "INSERT INTO reply"
        " (ticket_id, author_id, is_internal, by_staff, channel, message, message_html, created_at)"
        " VALUES (:id, :author, false, false, 'web', 'x', 'x', '2026-01-01')",
        id=GONE,
        author=customer.id,
    )

    assert_found_and_mended("orphan", "reply", f"ticket_id {GONE}")


def test_a_file_goes_with_the_message_it_lost_and_is_no_longer_counted(attachment: Attachment, customer: User) -> None:
    sql("UPDATE attachment SET reply_id = :id", id=GONE)

    fixed = relations.check(fix=True)

    assert fixed.is_sound
    assert {fault.kind for fault in fixed.mended} == {"orphan", "wrong count"}
    assert value('SELECT vault_bytes FROM "user" WHERE id = :id', id=customer.id) == 0


@pytest.mark.parametrize("table", ["team_member", "ticket_tag", "visit", "watcher"])
def test_links_to_what_is_missing_go(ticket: Ticket, table: str) -> None:
    columns = {
        "team_member": ("team_id", "user_id", ""),
        "ticket_tag": ("ticket_id", "tag_id", ""),
        "visit": ("user_id", "ticket_id", ", seen_at, reply_id"),
        "watcher": ("ticket_id", "user_id", ""),
    }[table]
    rest = ", '2026-01-01', 0" if table == "visit" else ""
    sql(
        f"INSERT INTO {table} ({columns[0]}, {columns[1]}{columns[2]}) VALUES (:a, :b{rest})",
        a=GONE,
        b=GONE + 1,
    )

    faults = found()
    assert [fault.kind for fault in faults] == ["orphan", "orphan"]
    assert relations.check(fix=True).is_sound
    assert value(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("column", ["assignee_id", "team_id", "opened_by_id", "follow_up_of_id"])
def test_a_ticket_forgets_what_it_only_mentioned(ticket: Ticket, column: str) -> None:
    sql(f"UPDATE ticket SET {column} = :gone WHERE id = :id", gone=GONE, id=ticket.id)

    assert_found_and_mended("orphan", column, str(GONE))
    assert value(f"SELECT {column} FROM ticket WHERE id = :id", id=ticket.id) is None


@pytest.mark.parametrize("column", ["customer_id", "category_id"])
def test_what_a_ticket_cannot_do_without_is_left_to_people(ticket: Ticket, column: str) -> None:
    sql(f"UPDATE ticket SET {column} = :gone WHERE id = :id", gone=GONE, id=ticket.id)

    assert_found_and_left("orphan", column, str(GONE))


def test_the_audit_is_never_mended(ticket: Ticket) -> None:
    sql("UPDATE audit_event SET actor_id = :gone WHERE ticket_id = :id AND seq = 2", gone=GONE, id=ticket.id)

    assert_found_and_left("orphan", "audit_event", "actor_id")
    assert not audit.verify()


def test_a_form_whose_result_is_gone_can_be_sent_anew(ticket: Ticket, customer: User) -> None:
    for number, result in enumerate(("sup_gone", "ticket:sup_gone", f"reply:{GONE}")):
        sql(
            "INSERT INTO submission (user_id, key, fingerprint, result, created_at)"
            " VALUES (:user, :key, 'f', :result, '2026-01-01')",
            user=customer.id,
            key=str(number),
            result=result,
        )

    assert len(found()) == 3
    assert relations.check(fix=True).is_sound


# -- columns that lists read ---------------------------------------------------------------------------------

WRONG = {
    "is_open": "is_open = false",
    "resolved_at": "resolved_at = '2026-01-01 00:00:00'",
    "paused_at": "paused_at = '2026-01-01 00:00:00'",
    "queue_due_at": "queue_due_at = '2026-01-01 00:00:00'",
    "first_response_at": "first_response_at = NULL",
    "urgent_since": "urgent_since = '2026-01-01 00:00:00'",
    "last_activity_at": "last_activity_at = created_at",
    "last_public_at": "last_public_at = created_at",
    "preview": "preview = 'Looks like arson to me.'",
}


@pytest.mark.parametrize("column", WRONG)
def test_a_column_that_disagrees_with_its_rows_is_kept_again(ticket: Ticket, column: str, clock: Any) -> None:
    clock.tick(minutes=5)
    support.reply(ticket, ticket.customer_id, "And on it burns.")
    before = value(f"SELECT {column} FROM ticket WHERE id = :id", id=ticket.id)
    sql(f"UPDATE ticket SET {WRONG[column]} WHERE id = :id", id=ticket.id)

    faults = found()
    assert f"{ticket.refid}: {column} is" in str(faults[0]), str(faults[0])
    assert {fault.kind for fault in faults} == {"stored column"}
    fixed = relations.check(fix=True)
    assert fixed.is_sound, list(map(str, fixed.left))
    assert_audited(fixed.mended[0])
    assert value(f"SELECT {column} FROM ticket WHERE id = :id", id=ticket.id) == before


def test_a_note_that_moved_the_customers_list_is_undone(ticket: Ticket, agent: User, clock: Any) -> None:
    clock.tick(hours=1)
    note = support.reply(ticket, agent.id, "Still arson.", is_internal=True)
    sql("UPDATE ticket SET last_public_at = last_activity_at WHERE id = :id", id=ticket.id)
    assert note.is_internal

    assert_found_and_mended("stored column", "last_public_at")


def test_a_notes_words_never_reach_the_audit(ticket: Ticket) -> None:
    sql("UPDATE ticket SET preview = 'Looks like arson to me.' WHERE id = :id", id=ticket.id)

    fixed = relations.check(fix=True)

    assert "arson" not in "".join(map(str, fixed.mended))


def test_a_finished_ticket_waits_for_nothing(ticket: Ticket, agent: User) -> None:
    support.close(ticket, by=agent)
    sql(
        "UPDATE ticket SET waiting_since = created_at, paused_at = NULL, queue_due_at = created_at,"
        " closed_at = NULL, is_open = true WHERE id = :id",
        id=ticket.id,
    )

    assert len(found()) == 5
    assert relations.check(fix=True).is_sound


def test_a_ticket_without_a_message_is_told(ticket: Ticket) -> None:
    sql("DELETE FROM attachment")
    sql("DELETE FROM reply WHERE ticket_id = :id", id=ticket.id)

    assert "empty ticket" in [fault.kind for fault in found()]
    assert not relations.check(fix=True).is_sound


def test_an_opening_note_is_told(ticket: Ticket) -> None:
    first = value("SELECT min(id) FROM reply WHERE ticket_id = :id", id=ticket.id)
    sql("UPDATE reply SET is_internal = true WHERE id = :id", id=first)

    assert "note as opening" in [fault.kind for fault in relations.check(fix=True).left]


def test_wrong_counts_are_counted_again(ticket: Ticket, customer: User) -> None:
    sql('UPDATE "user" SET vault_bytes = 5 WHERE id = :id', id=customer.id)

    assert_found_and_mended("wrong count", f"account {customer.id}", "uses 8")


def test_an_organisations_count_is_its_members(make_user: Callable[..., User]) -> None:
    organization = factories.make_organization("Acme")
    member = make_user(organization_id=organization.id)
    vault_edge.for_account(member.id).track_upload("a/b", 30)
    assert not found()
    sql("UPDATE organization SET vault_bytes = 999 WHERE id = :id", id=organization.id)

    assert_found_and_mended("wrong count", f"organisation {organization.id}", "uses 30")


# -- files ---------------------------------------------------------------------------------------------------


def test_a_lost_file_is_told_with_its_ticket(attachment: Attachment, ticket: Ticket, root: Path) -> None:
    file(root, attachment.digest).unlink()

    assert_found_and_left("missing file", str(attachment.id), ticket.refid)


def test_a_damaged_file_is_told(attachment: Attachment, root: Path) -> None:
    file(root, attachment.digest).write_bytes(b"it burnt")

    assert_found_and_left("damaged file", attachment.digest)


def test_a_row_of_bytes_that_nobody_has_goes_with_them(ticket: Ticket, root: Path) -> None:
    digest = hashlib.sha256(b"nobody's").hexdigest()
    sql("INSERT INTO blob (digest, size, created_at) VALUES (:d, 8, '2026-01-01')", d=digest)

    assert_found_and_mended("missing file", digest)


def test_a_lost_row_of_bytes_is_written_again(attachment: Attachment) -> None:
    digest = attachment.digest
    sql("DELETE FROM blob")

    faults = relations.check(fix=True)

    assert faults.is_sound
    assert [fault.kind for fault in faults.mended] == ["orphan"]
    assert value("SELECT size FROM blob WHERE digest = :d", d=digest) == 8


def test_a_file_that_lost_both_its_row_and_its_bytes_is_left(attachment: Attachment, root: Path) -> None:
    file(root, attachment.digest).unlink()
    sql("DELETE FROM blob")

    assert_found_and_left("orphan", "lost too")


@pytest.mark.parametrize("table", ["blob", "attachment"])
def test_sizes_follow_the_bytes(attachment: Attachment, table: str) -> None:
    sql(f"UPDATE {table} SET size = 7")

    assert "wrong size" in [fault.kind for fault in found()]
    assert relations.check(fix=True).is_sound
    assert value(f"SELECT size FROM {table}") == 8


def test_an_old_file_without_a_row_goes(ticket: Ticket, root: Path) -> None:
    stored = vault.store(("lonely.txt", BytesIO(b"lonely")))
    age(file(root, stored.digest))

    assert_found_and_mended("dangling file", stored.digest)
    assert not file(root, stored.digest).exists()


def test_a_fresh_file_without_a_row_may_be_an_upload(ticket: Ticket, root: Path) -> None:
    stored = vault.store(("fresh.txt", BytesIO(b"fresh")))

    findings = relations.check(fix=True)

    assert findings.is_sound
    assert stored.digest in str(findings.passing[0])
    assert file(root, stored.digest).exists()


@pytest.mark.parametrize("place", ["notes.txt", "aa/" + "b" * 64, "ab/" + "ab" * 32, "deep/er/file"])
def test_a_file_that_the_vault_never_wrote_goes(ticket: Ticket, root: Path, place: str) -> None:
    stray = root / place
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("stray")

    assert_found_and_mended("dangling file", place)
    assert not stray.exists()


def test_what_a_broken_upload_left_goes_after_a_day(ticket: Ticket, root: Path) -> None:
    for name in ("old", "new"):
        (root / "incoming" / name).write_text("half a fi")
    age(root / "incoming" / "old")

    assert_found_and_mended("dangling file", "incoming/old")
    assert (root / "incoming" / "new").exists()


def file(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def age(path: Path) -> None:
    old = (product_clock.now() - timedelta(days=2)).timestamp()
    os.utime(path, (old, old))
