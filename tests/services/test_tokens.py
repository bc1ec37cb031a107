"""Links work once, for a while, and only as they were given out."""

import hashlib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Token
from helpdesk_web.services import tokens
from helpdesk_web.services.tokens import DeadLink, Purpose
from tests import factories

pytestmark = pytest.mark.both


def issued(user, purpose=Purpose.RESET):
    with writing():
        link = tokens.issue(purpose, user)
        commit()
    return link.rpartition("/")[2]


def consumed(secret, purpose=Purpose.RESET):
    with writing():
        token = tokens.consume(purpose, secret)
        commit()
    return token


def test_only_the_hash_of_a_link_is_stored(customer):
    secret = issued(customer)

    token = db.session.scalars(select(Token).where(Token.user_id == customer.id)).one()

    assert token.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(token.facts)


def test_a_link_works_once(customer):
    secret = issued(customer)
    assert consumed(secret).user_id == customer.id

    with pytest.raises(DeadLink):
        consumed(secret)


def test_looking_at_a_link_does_not_use_it_up(customer):
    secret = issued(customer)
    for _ in range(5):
        tokens.look(Purpose.RESET, secret)

    assert consumed(secret).user_id == customer.id


@pytest.mark.parametrize(
    ("purpose", "life"),
    [
        (Purpose.VERIFY, timedelta(hours=24)),
        (Purpose.RESET, timedelta(minutes=30)),
        (Purpose.INVITE, timedelta(days=7)),
        (Purpose.SIGNIN, timedelta(minutes=10)),
        (Purpose.SETUP, timedelta(hours=24)),
    ],
)
def test_a_link_ends_when_its_time_is_over(customer, clock, purpose, life):
    secret = issued(customer, purpose)
    clock.tick(seconds=life.total_seconds() - 1)
    tokens.look(purpose, secret)
    clock.tick(seconds=1)

    with pytest.raises(DeadLink):
        consumed(secret, purpose)


def test_a_newer_link_kills_the_older(customer):
    older, newer = issued(customer), issued(customer)

    with pytest.raises(DeadLink):
        consumed(older)
    assert consumed(newer)


def test_a_newer_link_of_somebody_else_or_for_something_else_kills_nothing(customer, agent):
    secret = issued(customer)
    issued(agent)
    issued(customer, Purpose.SIGNIN)

    assert consumed(secret)


def test_a_link_serves_only_its_purpose(customer):
    secret = issued(customer, Purpose.VERIFY)

    with pytest.raises(DeadLink):
        tokens.look(Purpose.RESET, secret)


@pytest.mark.parametrize("broken", ["", " ", "%", "*", "\0", "a" * 43, "_" * 43, "ä" * 43, "x" * 10_000])
def test_a_broken_link_is_no_link(customer, broken):
    secret = issued(customer)
    for shape in (broken, secret[:-1], secret + " ", secret.swapcase(), f"%{secret[1:]}"):
        with pytest.raises(DeadLink):
            consumed(shape)

    assert db.session.scalar(select(func.count()).where(Token.used_at.is_not(None))) == 0


def test_of_many_who_use_a_link_at_once_exactly_one_succeeds(own_app):
    user = factories.make_user()
    secret, wins, losses = issued(user), [], []
    start = threading.Barrier(8)

    def use():
        with own_app.app_context():
            start.wait()
            try:
                wins.append(consumed(secret).id)
            except DeadLink:
                losses.append(1)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(wins), len(losses)) == (1, 7)


def test_dead_tokens_are_forgotten_after_a_month(customer, clock):
    issued(customer)
    clock.tick(days=29)
    assert _forgotten() == 0
    clock.tick(days=2)
    assert _forgotten() == 1


def _forgotten():
    with writing():
        gone = tokens.forget_past()
        commit()
    return gone
