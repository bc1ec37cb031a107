"""A ticket's history reads like a story, names included."""

import re
from collections.abc import Callable

from flask import Flask

from helpdesk_web import audit, support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Ticket, User
from helpdesk_web.paths import PACKAGE
from helpdesk_web.services import history, tickets
from tests.databases import counted


def story(thing: Ticket | User) -> list[str]:
    events = audit.history().on(thing).all()
    names = history.names_of(events)
    return [history.sentence(event, names) for event in events]


def test_a_ticket_tells_its_story(
    make_ticket: Callable[..., Ticket], make_user: Callable[..., User], customer: User
) -> None:
    alex, kim = make_user("agent", name="Alex Rivera"), make_user("agent", name="Kim Meyer")
    ticket = make_ticket(customer, priority="low")
    support.assign(ticket, alex.id, by=alex)
    support.assign(ticket, alex.id, by=kim)
    with writing():
        tickets.set_priority(db.session.get_one(Ticket, ticket.id), "high", by=kim)
        commit()
    support.reply(ticket, alex.id, "On it.")
    support.reply(ticket, alex.id, "Odd.", is_internal=True)
    support.resolve(ticket, by=alex)
    support.reopen(ticket, by=customer)
    support.assign(ticket, kim.id, by=alex)
    support.close(ticket, by=kim)

    assert story(ticket) == [
        "Carol Customer opened it",
        "Alex Rivera took it",
        "Alex Rivera put it in progress",
        "Priority changed from Low to High by Kim Meyer",
        "Alex Rivera replied",
        "Alex Rivera added an internal note",
        "Alex Rivera resolved it",
        "Carol Customer reopened it",
        "Alex Rivera gave it to Kim Meyer",
        "Kim Meyer closed it",
    ]


def test_waiting_and_answers_are_told_in_the_customers_name(
    make_ticket: Callable[..., Ticket], agent: User, customer: User
) -> None:
    ticket = make_ticket(customer)
    support.assign(ticket, agent.id, by=agent)
    with writing():
        tickets.set_status(db.session.get_one(Ticket, ticket.id), "pending", by=agent)
        commit()
    support.reply(ticket, ticket.customer_id, "Here it is.")

    assert story(ticket)[-2:] == ["Carol Customer replied", "Carol Customer answered, the clock runs again"]


def test_what_happens_by_itself_has_words_too(make_ticket: Callable[..., Ticket]) -> None:
    ticket = make_ticket()
    support.resolve(ticket, by=None)
    support.close(ticket, by=None)

    assert story(ticket)[1:] == ["The desk resolved it", "It closed by itself, nothing more was said"]


def test_categories_are_told_by_name(
    make_ticket: Callable[..., Ticket], make_category: Callable[..., object], agent: User
) -> None:
    ticket, billing = make_ticket(), make_category("Billing")
    with writing():
        tickets.set_category(db.session.get_one(Ticket, ticket.id), billing, by=agent)
        commit()

    assert story(ticket)[-1] == "Category changed from General to Billing by Alex Agent"


def test_names_cost_one_statement_however_long_the_story(
    app: Flask, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    ticket = make_ticket()
    for _turn in range(3):
        support.assign(ticket, agent.id, by=agent)
        support.assign(ticket, None, by=agent)
    events = audit.history().on(ticket).all()

    with counted(app) as statements:
        names = history.names_of(events)
        told = [history.sentence(event, names) for event in events]

    assert len(statements) == 1
    assert "Alex Agent put it back for others" in told


def test_an_event_without_a_sentence_is_still_told(make_ticket: Callable[..., Ticket], agent: User) -> None:
    ticket = make_ticket()
    audit.make().event("robot.danced").on(ticket).by(agent).log()

    assert story(ticket)[-1] == "Alex Agent: robot.danced"


def test_accounts_have_a_story_of_their_own(agent: User, make_user: Callable[..., User]) -> None:
    ada = make_user("admin", name="Ada Admin")
    for event, by, facts in (
        ("account.signed_in", agent, {}),
        ("account.role_changed", ada, {"from": "agent", "to": "supervisor"}),
        ("account.session_revoked", agent, {}),
        ("account.session_revoked", ada, {}),
    ):
        entry = audit.make().event(event).on(agent).by(by)
        for name, value in facts.items():
            entry.with_(name, value)
        entry.log()

    assert story(agent) == [
        "Alex Agent signed in",
        "Ada Admin changed the role of Alex Agent from agent to supervisor",
        "Alex Agent ended a session",
        "Ada Admin ended a session of Alex Agent",
    ]


def test_every_event_the_product_records_has_a_sentence() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    recorded = set(re.findall(r'audit\.record\([^"]*"([a-z_]+\.[a-z_]+)"', code))

    assert len(recorded) > 10
    assert recorded - set(history.SENTENCES) == set()
