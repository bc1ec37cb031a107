"""Files of messages: never a row without its bytes, never more than the quota, nothing lost to the sweep."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import delete, func, select
from werkzeug.datastructures import FileStorage

from helpdesk_web import vault as facade
from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.errors import InvalidInput, QuotaExceeded, StorageFull
from helpdesk_web.models import Attachment, Blob, Organization, Reply, TrackedUpload, User
from helpdesk_web.services import desk, vault
from helpdesk_web.services import store as store_module
from tests import factories

MB = 1024 * 1024
HELLO = hashlib.sha256(b"hello").hexdigest()


@pytest.fixture
def rules(monkeypatch):
    """Sets the vault's limits for this test: `rules(quota_mb=1)`."""

    def set_rules(**values):
        settings = desk.settings().model_copy(update={"vault": desk.settings().vault.model_copy(update=values)})
        monkeypatch.setattr(desk, "settings", lambda: settings)

    return set_rules


def upload(content=b"hello", name="hello.txt"):
    return (name, io.BytesIO(content))


def opening(ticket):
    return db.session.scalars(select(Reply).where(Reply.ticket_id == ticket.id).order_by(Reply.id)).first()


def attach(reply, user, *uploads):
    attach_stored(reply, user, vault.store_all(uploads, user))


def attach_stored(reply, user, stored):
    with writing():
        vault.attach(reply, user, stored)
        commit()


def path_of(digest):
    return desk.boot().vault_dir / digest[:2] / digest


def files_on_disk():
    return {path.name for path in desk.boot().vault_dir.glob("??/*")}


def assert_books_balance():
    """Row exists, file exists, hash matches; what is counted is what there is."""
    end_reading()
    for digest, size in db.session.execute(select(Attachment.digest, Attachment.size)):
        content = path_of(digest).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, size)
    for user_id, counted in db.session.execute(select(User.id, User.vault_bytes)):
        files = select(func.coalesce(func.sum(Attachment.size), 0)).where(Attachment.uploader_id == user_id)
        tracked = select(func.coalesce(func.sum(TrackedUpload.size), 0)).where(TrackedUpload.user_id == user_id)
        assert counted == db.session.scalar(files) + db.session.scalar(tracked)


@pytest.mark.both
def test_an_attached_file_comes_back(app, make_ticket, customer):
    reply = opening(make_ticket(customer))

    attach(reply, customer, upload(b"hello", "../a\u202e.txt"))

    attachment = db.session.scalars(select(Attachment)).one()
    assert (attachment.name, attachment.size, attachment.content_type) == ("a.txt", 5, "text/plain")
    assert len(attachment.key) >= 22
    with vault.open_file(attachment) as file:
        assert file.read() == b"hello"
    assert facade.for_account(customer.id).get_usage() == 5
    assert_books_balance()


@pytest.mark.both
def test_equal_files_are_kept_once_and_counted_twice(app, make_ticket, customer):
    reply = opening(make_ticket(customer))

    attach(reply, customer, upload(), upload(name="again.txt"))
    attach(reply, customer, upload())

    assert files_on_disk() == {HELLO}
    assert db.session.scalar(select(func.count()).select_from(Blob)) == 1
    assert customer.vault_bytes == 15
    assert_books_balance()


def test_a_form_upload_is_stored_under_its_name(app):
    stored = vault.store(FileStorage(io.BytesIO(b"hello"), filename="x\\note.txt", content_type="text/html"))

    assert (stored.name, stored.content_type) == ("note.txt", "text/plain")


def test_too_large_a_file_names_itself_and_leaves_nothing(app, rules):
    rules(max_file_mb=1)

    with pytest.raises(InvalidInput, match=r"“big\.bin” is larger than 1 MB") as refusal:
        vault.store(upload(b"x" * (MB + 1), "big.bin"))

    assert refusal.value.field == "files"
    assert files_on_disk() == set()


def test_too_many_files_are_refused_before_one_is_written(app, rules):
    rules(max_files=2)

    with pytest.raises(InvalidInput, match="at most 2 files"):
        vault.store_all([upload(), upload(), upload()])

    assert files_on_disk() == set()


def test_a_full_account_is_refused_before_anything_is_written(app, rules, customer):
    rules(quota_mb=1)

    with pytest.raises(QuotaExceeded, match="1 MB in all"):
        vault.store_all([upload(b"x" * MB), upload()], customer)

    assert files_on_disk() == set()


@pytest.mark.both
def test_the_quota_decides_at_the_row_and_leaves_no_half_change(app, rules, make_ticket, customer):
    reply = opening(make_ticket(customer))
    rules(quota_mb=1)
    attach(reply, customer, upload(b"x" * (MB - 3)))
    stored = vault.store_all([upload()])  # without the early look

    with pytest.raises(QuotaExceeded):
        attach_stored(reply, customer, stored)

    assert facade.for_account(customer.id).get_usage() == MB - 3
    assert_books_balance()


@pytest.mark.both
def test_staff_are_outside_the_customers_quota_and_counted_all_the_same(app, rules, make_ticket, agent):
    reply = opening(make_ticket())
    rules(quota_mb=0)

    attach(reply, agent, upload())

    assert facade.for_account(agent.id).get_usage() == 5
    assert_books_balance()


@pytest.mark.both
def test_an_organisation_has_a_quota_of_its_own(app, rules, make_user, make_ticket):
    organization = factories.make_organization()
    first, second = (make_user(organization_id=organization.id) for _ in range(2))
    reply = opening(make_ticket(first))
    rules(organisation_quota_mb=1)
    attach(reply, first, upload(b"x" * (MB - 3)))

    with pytest.raises(QuotaExceeded, match="organisation"):
        vault.store_all([upload()], second)
    stored = vault.store(upload())
    with pytest.raises(QuotaExceeded, match="organisation"):
        attach_stored(reply, second, [stored])

    end_reading()
    assert db.session.get(Organization, organization.id).vault_bytes == MB - 3
    assert facade.for_account(second.id).get_usage() == 0


@pytest.mark.both
def test_tracked_uploads_count_against_the_quota(app, rules, customer):
    rules(quota_mb=1)
    account = facade.for_account(customer.id)

    account.track_upload("reports/a.pdf", MB - 1)
    with pytest.raises(QuotaExceeded):
        account.track_upload("reports/b.pdf", 2)
    account.track_upload("reports/c.pdf", 1)

    assert account.get_usage() == MB
    assert_books_balance()


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("", 1),
        ("a" * 501, 1),
        (None, 1),
        ("a\0b", 1),
        ("a", -1),
        ("a", 1.5),
        ("a", None),
        ("a", True),
        ("a", 2**60),
    ],
)
def test_what_cannot_be_counted_is_refused(app, customer, path, size):
    with pytest.raises(InvalidInput):
        facade.for_account(customer.id).track_upload(path, size)


def test_an_unknown_account_is_told_so(app):
    with pytest.raises(InvalidInput, match="does not exist"):
        facade.for_account(999_999).get_usage()
    with pytest.raises(InvalidInput, match="does not exist"):
        facade.for_account(999_999).track_upload("a", 1)


def test_a_full_disk_is_told_in_words(app, monkeypatch):
    monkeypatch.setattr(store_module, "KEPT_FREE", 2**62)
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 0, "total": 10**9}))

    with pytest.raises(StorageFull, match="no space left"):
        vault.store(upload())


def test_files_that_waited_too_long_must_be_attached_again(app, clock, make_ticket, customer):
    reply = opening(make_ticket(customer))
    stored = vault.store_all([upload()])
    clock.tick(hours=13)

    with pytest.raises(InvalidInput, match="attach the files again"):
        attach_stored(reply, customer, stored)


# -- the sweep -----------------------------------------------------------------------------------------------


def test_a_crash_between_file_and_row_leaves_only_bytes_that_are_swept_after_a_day(app, clock, make_ticket, customer):
    reply = opening(make_ticket(customer))
    stored = vault.store_all([upload()])
    with writing():
        vault.attach(reply, customer, stored)  # and the power went: nothing is committed

    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 0
    assert facade.for_account(customer.id).get_usage() == 0
    clock.tick(hours=23)
    assert facade.sweep_orphans() == 0
    assert files_on_disk() == {HELLO}
    clock.tick(hours=2)
    assert facade.sweep_orphans() == 1
    assert files_on_disk() == set()


@pytest.mark.both
def test_the_sweep_takes_what_no_message_has_and_leaves_the_rest(app, clock, make_ticket, customer):
    reply = opening(make_ticket(customer))
    attach(reply, customer, upload(), upload(b"kept"))
    forget_attachments(HELLO)
    clock.tick(days=2)

    assert facade.sweep_orphans() == 1
    assert facade.sweep_orphans() == 0

    assert files_on_disk() == {hashlib.sha256(b"kept").hexdigest()}
    end_reading()
    assert db.session.scalars(select(Blob.digest)).all() == [hashlib.sha256(b"kept").hexdigest()]


@pytest.mark.both
def test_bytes_sent_again_just_before_the_sweep_survive_it(app, clock, make_ticket, customer):
    reply = opening(make_ticket(customer))
    attach(reply, customer, upload())
    forget_attachments(HELLO)
    clock.tick(days=2)

    stored = vault.store_all([upload()])
    assert facade.sweep_orphans() == 0  # between the file and its row
    attach_stored(reply, customer, stored)

    assert files_on_disk() == {HELLO}
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 1


@pytest.mark.both
def test_an_attach_that_waits_for_the_sweep_writes_the_row_anew(own_app, clock):
    reply_id, user_id = ticket_with_forgotten_file(clock)
    stored = vault.store_all([upload()])

    with ThreadPoolExecutor(1) as pool, writing():
        assert vault.forget_unused_blobs() == 1
        other = pool.submit(attach_in_thread, own_app, reply_id, user_id, stored)
        with pytest.raises(TimeoutError):
            other.result(timeout=0.3)  # it waits for the row, or for SQLite's one writer
        commit()
        db.session.rollback()
    other.result(timeout=5)

    vault.remove_unknown_files()
    assert db.session.scalars(select(Attachment.digest)).all() == [HELLO]
    assert files_on_disk() == {HELLO}


@pytest.mark.both
def test_a_sweep_that_meets_an_attach_leaves_its_bytes(own_app, clock):
    reply_id, user_id = ticket_with_forgotten_file(clock)
    stored = vault.store_all([upload()])
    user, reply = db.session.get(User, user_id), db.session.get(Reply, reply_id)

    with ThreadPoolExecutor(1) as pool:
        with writing():
            vault.attach(reply, user, stored)
            other = pool.submit(in_thread, own_app, facade.sweep_orphans)
            threading.Event().wait(0.2)
            commit()
        assert other.result(timeout=10) == 0

    end_reading()
    assert db.session.scalars(select(Blob.digest)).all() == [HELLO]
    assert files_on_disk() == {HELLO}


@pytest.mark.both
def test_sweeping_while_twenty_attach_the_same_bytes_loses_none(own_app, clock):
    reply_id, user_id = ticket_with_forgotten_file(clock)

    def attach_one(_number):
        attach(db.session.get(Reply, reply_id), db.session.get(User, user_id), upload())

    with ThreadPoolExecutor(6) as pool:
        sweeps = [pool.submit(in_thread, own_app, facade.sweep_orphans) for _ in range(5)]
        attaches = [pool.submit(in_thread, own_app, partial(attach_one, number)) for number in range(20)]
        for done in [*sweeps, *attaches]:
            done.result(timeout=60)

    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 20
    assert files_on_disk() == {HELLO}


# -- races for the last room ---------------------------------------------------------------------------------


@pytest.mark.both
def test_twenty_uploads_at_once_never_exceed_the_quota(own_app, rules):
    user = factories.make_user()
    reply_id, user_id = opening(factories.make_ticket(user)).id, user.id
    rules(quota_mb=1)
    facade.for_account(user_id).track_upload("before", MB * 95 // 100)

    def attach_one(number):
        try:
            attach(
                db.session.get(Reply, reply_id),
                db.session.get(User, user_id),
                upload(bytes([number]) * (MB // 50)),
            )
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda number: in_thread(own_app, partial(attach_one, number)), range(20)))

    assert sum(taken) == 2
    assert facade.for_account(user_id).get_usage() <= MB
    assert_books_balance()


@pytest.mark.both
def test_twenty_members_at_once_never_exceed_their_organisations_quota(own_app, rules):
    organization = factories.make_organization()
    members = [factories.make_user(organization_id=organization.id).id for _ in range(20)]
    rules(organisation_quota_mb=1)

    def track(member):
        try:
            facade.for_account(member).track_upload("a", MB // 5)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda member: in_thread(own_app, partial(track, member)), members))

    end_reading()
    assert sum(taken) == 5
    assert db.session.get(Organization, organization.id).vault_bytes == MB // 5 * 5
    assert_books_balance()


def in_thread(app, act):
    with app.app_context():
        return act()


def attach_in_thread(app, reply_id, user_id, stored):
    def act():
        attach_stored(db.session.get(Reply, reply_id), db.session.get(User, user_id), stored)

    in_thread(app, act)


def ticket_with_forgotten_file(clock):
    """A ticket whose file lost its attachment two days ago."""
    user = factories.make_user()
    reply = opening(factories.make_ticket(user))
    attach(reply, user, upload())
    forget_attachments(HELLO)
    clock.tick(days=2)
    return reply.id, user.id


def forget_attachments(digest):
    with writing():
        db.session.execute(delete(Attachment).where(Attachment.digest == digest))
        commit()
