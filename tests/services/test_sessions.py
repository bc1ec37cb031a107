"""A signed-in browser stays so while it is used, and not a moment longer than it may."""

import hashlib

import pytest
from sqlalchemy import select

from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import LoginSession
from helpdesk_web.services import accounts, sessions
from tests import databases

pytestmark = pytest.mark.both


def begun(user, **browser):
    with writing():
        secret = sessions.begin(user, **browser)
        commit()
    return secret


def test_the_secret_finds_its_owner_and_is_not_stored(customer):
    secret = begun(customer)

    assert sessions.find(secret).user.id == customer.id
    row = db.session.scalars(select(LoginSession)).one()
    assert row.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert len(secret) == 43  # 256 bits


def test_finding_a_session_takes_one_statement(app, customer):
    secret = begun(customer)

    with databases.counted(app) as statements:
        found = sessions.find(secret)
        assert found.user.name == customer.name

    assert len(statements) == 1


@pytest.mark.parametrize("broken", ["", "x", "%", "\0" * 43, "ä" * 43, "a" * 43, "a" * 5000])
def test_a_made_up_cookie_finds_nobody(customer, broken):
    begun(customer)

    assert sessions.find(broken) is None


@pytest.mark.parametrize(("role", "hours"), [("customer", 720), ("agent", 8), ("admin", 8)])
def test_a_session_ends_when_it_is_not_used(make_user, clock, role, hours):
    secret = begun(make_user(role))
    clock.tick(hours=hours)
    assert sessions.find(secret)
    clock.tick(seconds=1)

    assert sessions.find(secret) is None


@pytest.mark.parametrize(("role", "hours"), [("customer", 3 * 720), ("agent", 24)])
def test_a_session_in_constant_use_ends_after_three_idle_limits(make_user, clock, role, hours):
    secret = begun(make_user(role))
    for _ in range(4):
        clock.tick(hours=hours / 4)
        found = sessions.find(secret)
        assert found
        with writing():
            sessions.mark_seen(found.session_id)
            commit()
    clock.tick(seconds=1)

    assert sessions.find(secret) is None


def test_the_last_use_is_noted_every_five_minutes(customer, clock):
    secret = begun(customer)
    clock.tick(minutes=4)
    assert not sessions.find(secret).may_be_marked
    clock.tick(minutes=1)

    assert sessions.find(secret).may_be_marked


def test_a_renewed_session_has_a_new_secret_and_the_old_one_is_dead(customer):
    old = begun(customer)
    with writing():
        new = sessions.renew(sessions.find(old).session_id)
        commit()

    assert sessions.find(old) is None
    assert sessions.find(new).user.id == customer.id


def test_a_person_ends_only_sessions_of_their_own(customer, agent):
    secret = begun(customer)
    found = sessions.find(secret)
    with writing():
        assert not sessions.end(found.session_id, of=agent.id)
        commit()

    assert sessions.find(secret)


def test_ending_all_but_one_keeps_that_one(customer):
    kept, lost = begun(customer), begun(customer)
    with writing():
        assert sessions.end_all(customer.id, but=sessions.find(kept).session_id) == 1
        commit()

    assert sessions.find(kept)
    assert sessions.find(lost) is None


def test_a_shut_account_has_no_session_even_if_its_row_were_left(customer, make_user):
    admin = make_user("admin")
    secret = begun(customer)
    with writing():
        accounts.deactivate(customer, by=admin)
        commit()
    begun(customer)

    assert sessions.find(secret) is None
    assert db.session.scalars(select(LoginSession)).all()
    assert sessions.find(begun(customer)) is None


def test_old_rows_are_swept(customer, clock):
    begun(customer)
    clock.tick(hours=721)
    with writing():
        assert sessions.forget_past() == 1
        commit()


def test_what_the_browser_says_of_itself_is_cut_to_fit(customer):
    begun(customer, user_agent="Mozilla\0" + "x" * 5000, address="1" * 500)

    row = db.session.scalars(select(LoginSession)).one()
    assert (len(row.user_agent), len(row.address)) == (300, 64)
    assert "\0" not in row.user_agent
