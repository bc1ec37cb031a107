"""What must not be seen is not there: notes, and changes by looking."""

import base64
import html
import io
import quopri

import pytest
from sqlalchemy import select

from helpdesk_web import audit, support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.mail import compose
from helpdesk_web.mail.letter import Unwanted
from helpdesk_web.models import Job, Role, Token
from helpdesk_web.services import replies, texts, tickets, tokens, vault
from helpdesk_web.services.tokens import Purpose
from tests.factories import make_ticket
from tests.test_access import FILLED, address_of

CANARY = "NOTE-5f1c9b7e2d4a4e0f8a6b3c2d1e0f9a8b"


@pytest.fixture
def noted(app, customer, agent):
    """A ticket with a note, and a file in the note, that hold the canary."""
    ticket = make_ticket(customer)
    stored = vault.store(("secret.txt", io.BytesIO(f"{CANARY} in a file".encode())))
    message = replies.Message(texts.body(f"{CANARY} <b>{CANARY}</b>"), [stored])
    with writing():
        replies.note(ticket, author=agent, message=message, take_for=agent.id)
        commit()
    support.reply(ticket, agent.id, "We look into it.")
    support.resolve(ticket, by=agent)
    return ticket


def test_no_answer_to_a_customer_holds_a_byte_of_a_note(app, client_for, customer, noted):
    browser, seen = client_for(customer), []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        address = address_of(rule).replace(FILLED["refid"], noted.refid)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            for headers in ({}, {"HX-Request": "true"}):
                asked = {"q": CANARY, "message": "Hello", "subject": "secret", "score": "5"}
                place = {"query_string": asked} if method == "GET" else {"data": asked}
                if rule.endpoint not in ("auth.logout",):
                    seen.append((address, browser.open(address, method=method, headers=headers, **place)))

    without_the_question = [(address, answer.text.replace(f'value="{CANARY}"', "")) for address, answer in seen]
    leaks = [address for address, text in without_the_question if holds_canary(text.replace(f"“{CANARY}”", ""))]
    assert [address for address in leaks if not echoes_the_question(address)] == []
    assert len(seen) > 60


def test_no_mail_to_a_customer_holds_a_byte_of_a_note(noted):
    letters = []
    for job in db.session.scalars(select(Job).where(Job.kind == "mail")):
        try:
            letters.append(compose.letter(job))
        except Unwanted:
            continue

    assert len(letters) >= 2
    assert not any(holds_canary(letter.subject + letter.text + letter.html) for letter in letters)


def test_a_note_moves_nothing_in_the_customers_list(clock, client_for, customer, agent):
    ticket = make_ticket(customer)
    clock.tick(hours=1)
    before = (ticket.last_public_at, ticket.preview)

    support.reply(ticket, agent.id, "Between us.", is_internal=True)

    assert (ticket.last_public_at, ticket.preview) == before


@pytest.mark.parametrize("role", list(Role))
def test_looking_changes_nothing_but_the_readers_own_marks(role, app, client_for, make_user):
    user = make_user(role.value)
    ticket = make_ticket(user)
    browser, before = client_for(user), snapshot()

    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            browser.get(address_of(rule).replace(FILLED["refid"], ticket.refid))

    assert snapshot() == before


def test_a_link_that_was_looked_at_is_not_used_up(client_for, customer):
    with writing():
        link = tokens.issue(Purpose.RESET, customer)
        commit()

    statuses = [client_for(None).get(link.removeprefix("http://localhost")).status_code for _ in range(5)]

    assert statuses == [200] * 5
    assert db.session.scalars(select(Token)).one().used_at is None


def test_replaying_the_audit_rebuilds_the_ticket(app, customer, agent, make_user, make_category):
    other, category = make_user("agent"), make_category("Elsewhere")
    ticket = make_ticket(customer, priority="low")
    with writing():
        tickets.assign(ticket, agent.id, by=agent)
        tickets.set_priority(ticket, "urgent", by=agent)
        tickets.set_category(ticket, category, by=agent)
        tickets.set_status(ticket, "pending", by=agent)
        tickets.assign(ticket, other.id, by=other)
        tickets.resolve(ticket, by=other)
        tickets.reopen(ticket, by=other)
        tickets.assign(ticket, None, by=other)
        commit()

    state = {"status": "open", "assignee": None}
    for event in reversed(audit.history().on(ticket).latest().all()):
        facts = event.facts.get("data", event.facts)
        if event.event == "ticket.created":
            state |= {"priority": facts["priority"], "category": facts["category"]}
        field = event.event.removeprefix("ticket.").removesuffix("_changed")
        field = {"assigned": "assignee", "unassigned": "assignee"}.get(field, field)
        if "to" in facts:
            state[field] = facts["to"]

    assert state["status"] == ticket.status
    assert state["assignee"] == ticket.assignee_id
    assert state["priority"] == ticket.priority
    assert state["category"] == ticket.category_id


def holds_canary(text):
    forms = {text, html.unescape(text), quopri.decodestring(text.encode()).decode("utf-8", "ignore")}
    encoded = base64.b64encode(CANARY.encode()).decode().rstrip("=")
    return any(CANARY in form for form in forms) or encoded in text


def echoes_the_question(address):
    """Search forms show the words that were typed into them."""
    return address.split("?")[0] in ("/support/tickets",)


def snapshot():
    db.session.rollback()
    left_out = {"visit", "login_session"}
    found = {}
    for table in db.metadata.sorted_tables:
        if table.name not in left_out:
            found[table.name] = sorted(map(repr, db.session.execute(select(table))))
    db.session.rollback()
    return found
