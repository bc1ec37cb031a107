"""Customers ask, follow and answer; nobody sees what is not theirs, nothing typed is lost."""

import io
import re

import pytest

from helpdesk_web import support
from helpdesk_web.database import db
from helpdesk_web.models import Ticket
from helpdesk_web.services import desk
from tests.factories import first_category

ASKED = {"subject": "Scanner beeps twice", "description": "Since **Monday**."}


def ask(client, **fields):
    return client.post("/support/tickets", data=ASKED | {"category_id": first_category().id} | fields)


def test_a_request_is_sent_and_followed(customer_client, make_category):
    make_category()

    sent = ask(customer_client)

    assert sent.status_code == 303
    page = customer_client.get(sent.location).text
    assert "Scanner beeps twice" in page
    assert "<strong>Monday</strong>" in page
    assert "Received" in page
    assert "Scanner beeps twice" in customer_client.get("/support/tickets").text
    assert "Scanner beeps twice" in customer_client.get("/").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"description": ""},
        {"category_id": "999"},
        {"priority": "urgent"},
        {"subject": "a\0"},
    ],
)
def test_bad_input_is_422_and_keeps_the_text(wrong, customer_client, make_category):
    make_category()

    answer = ask(customer_client, **({"description": "My long story"} | wrong))

    assert answer.status_code == 422
    if "description" not in wrong:
        assert "My long story" in answer.text
    assert db.session.query(Ticket).count() == 0


def test_the_sixth_request_in_an_hour_is_429_with_the_wait_and_the_text(clock, customer_client, make_category):
    make_category()
    for number in range(5):
        assert ask(customer_client, subject=f"Request {number}").status_code == 303

    refused = ask(customer_client, subject="One too many")

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 3600
    assert "One too many" in refused.text
    assert "1 h" in refused.text


def test_the_same_submission_leads_to_the_first_result(customer_client, make_category):
    make_category()

    first = ask(customer_client, submission="once")
    second = ask(customer_client, submission="once")
    other = ask(customer_client, submission="once", subject="Another matter")

    assert first.location == second.location
    assert other.location != first.location
    assert db.session.query(Ticket).count() == 2


def test_a_strangers_request_is_not_found(client_for, make_user, make_ticket):
    ticket = make_ticket()
    stranger = client_for(make_user())

    for address in ("", "/replies", "/resolution", "/reopening", "/rating"):
        method = stranger.get if address == "" else stranger.post
        assert method(f"/support/tickets/{ticket.refid}{address}").status_code == 404
    assert stranger.get("/support/tickets/sup_doesnotexist1234").status_code == 404


def test_an_unverified_account_sees_only_what_it_asked_itself(client_for, make_user, make_ticket, agent):
    mallory = make_user(verified_at=None)
    typed_in = make_ticket(mallory, author_id=agent.id, channel="phone")
    own = make_ticket(mallory, subject="My own")
    client = client_for(mallory)

    assert client.get(f"/support/tickets/{typed_in.refid}").status_code == 404
    assert client.get(f"/support/tickets/{own.refid}").status_code == 200
    assert typed_in.refid not in client.get("/support/tickets?filter=all").text


def test_notes_never_reach_the_customer(customer, customer_client, agent, make_ticket):
    ticket = make_ticket(customer)
    support.reply(ticket, agent.id, "We look into it.")
    customer_client.get(f"/support/tickets/{ticket.refid}")
    before = customer_client.get("/support/tickets").text
    support.reply(ticket, agent.id, "CANARY he is difficult", is_internal=True)

    pages = [customer_client.get(a).text for a in ("/", "/support/tickets", f"/support/tickets/{ticket.refid}")]
    found = customer_client.get("/support/tickets?q=CANARY").text

    assert all("CANARY" not in page for page in pages)
    assert ticket.refid not in found
    assert without_tokens(customer_client.get("/support/tickets").text) == without_tokens(before)


def test_this_solved_it_and_i_still_need_help(clock, customer, customer_client, agent, make_ticket):
    ticket = make_ticket(customer)
    support.assign(ticket, agent.id)
    address = f"/support/tickets/{ticket.refid}"

    assert customer_client.post(f"{address}/resolution").status_code == 303
    assert ticket.is_resolved()
    clock.tick(hours=1)
    assert customer_client.post(f"{address}/reopening").status_code == 303
    assert ticket.status == "in_progress"
    assert customer_client.post(f"{address}/resolution").status_code == 303
    assert customer_client.post(f"{address}/rating", data={"score": "5", "comment": "Quick"}).status_code == 303
    assert "Great" in customer_client.get(address).text


def test_an_unseen_answer_is_shown_before_a_reply_is_sent(customer, customer_client, agent, make_ticket):
    ticket = make_ticket(customer)
    seen = ticket.replies[-1].id
    support.reply(ticket, agent.id, "Did you try the other cable?")

    answer = customer_client.post(
        f"/support/tickets/{ticket.refid}/replies", data={"message": "Any news?", "seen": str(seen)}
    )

    assert answer.status_code == 409
    assert "other cable" in answer.text
    assert "Any news?" in answer.text


def test_files_travel_with_a_request(customer_client, make_category):
    make_category()

    sent = ask(customer_client, files=(io.BytesIO(b"hello"), "notes.txt"))
    page = customer_client.get(sent.location).text

    file = re.search(r'href="(/files/[^"]+)"', page).group(1)
    assert customer_client.get(file).data == b"hello"


def test_a_preview_shows_the_text_and_stores_nothing(customer_client, make_category):
    make_category()

    page = ask(customer_client, preview="1")
    fragment = customer_client.post("/support/preview", data={"message": "_so_"})

    assert "<strong>Monday</strong>" in page.text
    assert "<em>so</em>" in fragment.text
    assert db.session.query(Ticket).count() == 0


def test_where_customers_do_not_choose_the_field_is_not_there(customer_client, make_category, monkeypatch):
    make_category()
    monkeypatch.setattr(desk.settings(), "customer_priorities", [])

    assert 'name="priority"' not in customer_client.get("/support/tickets/new").text
    ask(customer_client, priority="high")
    assert db.session.query(Ticket).one().is_medium()


def without_tokens(page):
    return re.sub(r'name="(csrf_token|submission)" value="[^"]*"', "", page)


def test_what_was_typed_when_the_session_had_ended_is_shown_again(client_for, make_ticket):
    ticket = make_ticket()

    answer = client_for(None).post(f"/support/tickets/{ticket.refid}/replies", data={"message": "A long story"})

    assert answer.status_code == 401
    assert "A long story" in answer.text
    assert ticket.subject not in answer.text


def test_words_beside_this_solved_it_are_said_first(customer, customer_client, make_ticket):
    ticket = make_ticket(customer)

    customer_client.post(f"/support/tickets/{ticket.refid}/resolution", data={"message": "It was the cable."})

    assert ticket.is_resolved()
    assert ticket.replies[-1].message == "It was the cable."


def test_searching_without_end_is_slowed_down(customer_client):
    answers = [customer_client.get("/support/tickets?q=cable").status_code for _ in range(121)]

    assert answers[:120] == [200] * 120
    assert answers[120] == 429


def test_a_preview_says_nothing_of_what_is_still_missing(customer_client, make_category):
    make_category()
    make_category("Elsewhere")

    page = customer_client.post("/support/tickets", data={"description": "**So**", "preview": "1", "category_id": ""})

    assert "<strong>So</strong>" in page.text
    assert 'id="category_id-error"' not in page.text
    assert 'id="subject-error"' not in page.text
