"""At once: what many people do in the same moment happens exactly as often as it may."""

import threading

import pytest
from sqlalchemy import func, select

from helpdesk_web import audit, support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import SupportError, SupportRateLimitError
from helpdesk_web.models import Reply, Submission, Ticket
from helpdesk_web.services import openings, replies, texts, tickets
from tests.factories import make_category, make_ticket, make_user

pytestmark = [pytest.mark.both, pytest.mark.usefixtures("own_app")]


def at_once(app, number, act):
    """Run `act(n)` in so many threads, let loose together; return results and errors."""
    gate, results = threading.Barrier(number), [None] * number

    def run(n):
        with app.app_context():
            gate.wait(30)
            try:
                results[n] = act(n)
            except SupportError as error:
                results[n] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    db.session.rollback()
    return results


def asked(customer, category, **facts):
    return openings.request(
        customer_id=customer,
        author_id=customer,
        category=category,
        subject="Now",
        description="Please.",
        **facts,
    )


def opened(request):
    with writing():
        refid = openings.open_ticket(request).refid
        commit()
    return refid


def test_twenty_racing_requests_make_exactly_the_allowed_tickets(own_app):
    customer, category = make_user().id, make_category().id

    results = at_once(own_app, 20, lambda n: opened(asked(customer, category, priority="low")))

    assert sum(isinstance(result, str) for result in results) == 5
    assert sum(isinstance(result, SupportRateLimitError) for result in results) == 15
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 5


def test_twenty_racing_posts_of_one_submission_make_one_ticket(own_app):
    customer, category = make_user().id, make_category().id

    results = at_once(own_app, 20, lambda _n: opened(asked(customer, category, submission="the same")))

    assert len(set(results)) == 1
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 1
    assert db.session.scalar(select(func.count()).select_from(Submission)) == 1


def test_racing_changes_of_one_ticket_all_happen_and_its_chain_holds(own_app):
    agents = [make_user("agent").id for _ in range(8)]
    refid = make_ticket().refid

    def say(n):
        ticket, author = tickets.find(refid), db.session.get(tickets.User, agents[n])
        message = replies.Message(texts.body(f"Word {n}"))
        with writing():
            replies.answer_customer(ticket, author=author, message=message, take_for=agents[n])
            commit()
        return n

    results = at_once(own_app, 8, say)

    assert results == list(range(8))
    ticket = support.find(refid)
    db.session.refresh(ticket)
    assert db.session.scalar(select(func.count()).select_from(Reply)) == 9
    assert ticket.audit_seq == 1 + 8 + 8 + 1  # opened, eight words, eight takings, one change of state
    assert audit.verify().ok


def test_an_assignment_and_a_closing_at_once_leave_one_clear_state(own_app):
    agent, refid = make_user("agent").id, make_ticket().refid

    def act(n):
        ticket = support.find(refid)
        return support.assign(ticket, agent).status if n % 2 else support.close(ticket).status

    at_once(own_app, 6, act)

    ticket = support.find(refid)
    db.session.refresh(ticket)
    assert ticket.is_closed()
    assert ticket.open_flag is False
