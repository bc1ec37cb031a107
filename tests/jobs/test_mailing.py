"""Mail leaves once, in order, to whoever is entitled to it; what cannot leave is seen."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from helpdesk_web.database import commit, db, writing
from helpdesk_web.jobs import claim, run_due
from helpdesk_web.jobs import run as job_run
from helpdesk_web.mail import deliver
from helpdesk_web.models import Job, JobState, Ticket, Token, User
from helpdesk_web.services import outbox, replies, texts, tokens
from helpdesk_web.services.tokens import Purpose
from tests.jobs.tools import mails
from tests.mailbox import Mailbox


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


def answer(ticket: Ticket, agent: User, words: str = "We are looking into it.") -> Any:
    message = replies.Message(texts.body(words))
    with writing():
        reply = replies.answer_customer(ticket, author=agent, message=message)
        commit()
    return reply


def quiet(ticket: Ticket) -> None:
    """Forget the receipt that opening the ticket caused."""
    with writing():
        db.session.execute(update(Job).where(Job.kind == "mail").values(state=JobState.DONE))
        commit()


@pytest.fixture
def ticket(make_ticket: Any, customer: User, mailbox: Mailbox) -> Ticket:
    opened = make_ticket(customer, subject="Kiln too hot")
    quiet(opened)
    return opened


@pytest.mark.both
def test_an_answer_reaches_the_customer(
    app: Flask, mailbox: Mailbox, make_ticket: Any, customer: User, agent: User
) -> None:
    ticket = make_ticket(customer, subject="Kiln too hot")
    answer(ticket, agent, "Turn it **down** a little.")
    run_due()

    receipt, reply = mailbox.received
    assert receipt["Subject"] == "We have your request"
    assert reply["Subject"] == "Reply to your ticket: Kiln too hot"
    assert reply["To"] == customer.email
    assert mailbox.recipients == [customer.email] * 2
    assert "Turn it **down** a little." in reply.get_body(("plain",)).get_content()
    assert "<strong>down</strong>" in reply.get_body(("html",)).get_content()
    assert f"http://localhost/support/tickets/{ticket.refid}" in reply.get_body(("plain",)).get_content()
    assert receipt["References"] == reply["References"]
    assert [mail.state for mail in mails()] == [JobState.DONE] * 2


def test_a_receipt_repeats_the_request(app: Flask, mailbox: Mailbox, make_ticket: Any, customer: User) -> None:
    make_ticket(customer, subject="Kiln too hot", description="It glows.")
    run_due()

    text = mailbox.received[0].get_body(("plain",)).get_content()
    assert "Kiln too hot" in text
    assert "It glows." in text


def test_nothing_leaves_before_the_commit(app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User) -> None:
    with writing():
        replies.answer_customer(ticket, author=agent, message=replies.Message(texts.body("Not yet.")))
    run_due()

    assert mailbox.received == []


def test_a_note_is_never_mailed(app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User) -> None:
    with writing():
        note = replies.note(ticket, author=agent, message=replies.Message(texts.body("NOTE-canary")))
        outbox.post("reply", to=ticket.customer_id, ticket=ticket, args={"reply_id": note.id})
        commit()
    run_due()

    assert mailbox.received == []
    assert mails()[-1].state is JobState.CANCELLED


def test_a_desk_without_a_mail_server_keeps_its_mail(app: Flask, make_ticket: Any, customer: User) -> None:
    make_ticket(customer)
    run_due()

    (kept,) = mails()
    assert (kept.state, kept.attempts) == (JobState.KEPT, 0)


def test_kept_mail_does_not_leave_by_itself(
    app: Flask, make_ticket: Any, customer: User, make_user: Any, request: Any
) -> None:
    make_ticket(customer)
    mailbox: Mailbox = request.getfixturevalue("mailbox")
    run_due()
    assert mailbox.received == []

    admin = make_user("admin")
    with writing():
        outbox.retry(mails()[0], admin)
        commit()
    run_due()
    assert mailbox.subjects() == ["We have your request"]


def test_mail_that_waits_when_the_server_is_taken_away_is_kept(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User
) -> None:
    answer(ticket, agent)
    app.config["HELPDESK"] = app.config["HELPDESK"].model_copy(update={"smtp_url": None})
    run_due()

    assert mails()[-1].state is JobState.KEPT


@pytest.mark.parametrize("refusal", ["451 try later", "421 busy", "452 no room"])
def test_a_passing_refusal_is_tried_again(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, clock: Any, refusal: str
) -> None:
    answer(ticket, agent)
    mailbox.answers = [refusal, "450 still later"]
    run_due()
    waiting = mails()[-1]
    assert (waiting.state, waiting.attempts, waiting.last_error) == (JobState.QUEUED, 1, refusal)
    first_gap = waiting.run_at - clock.now()

    clock.tick(minutes=1)
    run_due()
    second_gap = mails()[-1].run_at - clock.now()
    assert first_gap < second_gap

    clock.tick(minutes=5)
    run_due()
    assert len(mailbox.received) == 1
    assert mails()[-1].state is JobState.DONE


@pytest.mark.parametrize("where", ["answers", "recipient_answers"])
def test_a_refusal_for_good_is_seen_at_once(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, where: str
) -> None:
    answer(ticket, agent)
    setattr(mailbox, where, ["550 5.1.1 no such person"])
    run_due()

    dead = mails()[-1]
    assert (dead.state, dead.attempts) == (JobState.DEAD, 1)
    assert dead.last_error == "550 5.1.1 no such person"


def test_the_ticket_tells_that_a_mail_did_not_arrive(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, agent_client: Any
) -> None:
    answer(ticket, agent)
    mailbox.answers = ["550 5.1.1 no such person"]
    run_due()

    page = agent_client.get(f"/console/tickets/{ticket.refid}").get_data(as_text=True)
    assert "could not be delivered" in page


def test_a_mail_that_never_gets_through_is_set_aside_after_a_day(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, clock: Any
) -> None:
    answer(ticket, agent)
    mailbox.answers = ["451 never"] * 20
    start = clock.now()
    for _attempt in range(10):
        run_due()
        clock.moment = max(clock.moment, mails()[-1].run_at)

    dead = mails()[-1]
    assert (dead.state, dead.attempts) == (JobState.DEAD, 10)
    assert timedelta(hours=10) < clock.now() - start < timedelta(hours=24)


def test_a_crash_after_the_server_took_it_repeats_it_once_under_the_same_id(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(ticket, agent)

    def die(*_args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(job_run, "_complete", die)
        with pytest.raises(Killed):
            job_run.do(claim.next_due(claim.MAIL))
    assert len(mailbox.received) == 1
    for _minute in range(5):
        clock.tick(minutes=1)
        run_due()

    first, second = mailbox.received
    assert first["Message-ID"] == second["Message-ID"] == mails()[-1].message_id
    assert mails()[-1].state is JobState.DONE


def test_a_crash_before_sending_sends_one(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, clock: Any
) -> None:
    answer(ticket, agent)
    assert claim.next_due(claim.MAIL)  # and the worker dies
    clock.tick(minutes=2)
    run_due()
    clock.tick(hours=2)
    run_due()

    assert len(mailbox.received) == 1


def test_no_transaction_is_open_while_the_server_takes_its_time(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(ticket, agent)
    seen: list[bool] = []
    send = deliver.send

    def watched(*args: Any, **facts: Any) -> None:
        seen.append(db.session().in_transaction())
        send(*args, **facts)

    monkeypatch.setattr(deliver, "send", watched)
    run_due()

    assert seen == [False]


@pytest.mark.both
def test_a_tickets_mails_leave_in_order(
    app: Flask, mailbox: Mailbox, make_ticket: Any, customer: User, agent: User, clock: Any
) -> None:
    ticket, other = make_ticket(customer, subject="One"), make_ticket(customer, subject="Other")
    quiet(ticket)
    answer(ticket, agent, "first")
    answer(ticket, agent, "second")
    answer(other, agent, "elsewhere")
    mailbox.answers = ["451 not yet"]
    run_due()
    assert mailbox.subjects() == ["Reply to your ticket: Other"]

    clock.tick(minutes=1)
    run_due()
    texts_ = [mail.get_body(("plain",)).get_content() for mail in mailbox.received[1:]]
    assert ["first" in text for text in texts_] == [True, False]
    assert ["second" in text for text in texts_] == [False, True]


def test_when_the_server_is_back_everything_that_waited_for_it_leaves(
    app: Flask, mailbox: Mailbox, make_ticket: Any, customer: User, agent: User, clock: Any
) -> None:
    tickets_ = [make_ticket(customer, subject=f"No. {n}") for n in range(4)]
    quiet(tickets_[0])
    mailbox.stop()
    for ticket in tickets_:
        answer(ticket, agent)
    for _try in range(4):
        run_due()
        clock.tick(minutes=10)
    assert all("no connection" in mail.last_error for mail in mails() if mail.template == "reply")

    mailbox.start()
    answer(tickets_[0], agent, "and one more")
    clock.tick(minutes=15)
    for _pass in range(2):
        run_due()

    assert len(mailbox.received) == 5
    assert {mail.state for mail in mails()} == {JobState.DONE}


def test_whoever_no_longer_takes_part_gets_nothing(app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User) -> None:
    answer(ticket, agent)
    agent_id = agent.id
    with writing():
        db.session.execute(update(Ticket).where(Ticket.id == ticket.id).values(customer_id=agent_id))
        commit()
    run_due()

    assert mailbox.received == []
    assert mails()[-1].state is JobState.CANCELLED


def test_a_shut_account_gets_nothing(app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User) -> None:
    answer(ticket, agent)
    with writing():
        db.session.execute(update(User).where(User.id == ticket.customer_id).values(active=False))
        commit()
    run_due()

    assert mailbox.received == []


def post_link(user: User, purpose: Purpose = Purpose.RESET) -> str:
    with writing():
        link = tokens.issue(purpose, user)
        outbox.post(purpose, to=user, args={"link": link})
        commit()
    return link


def test_a_link_goes_out_once_and_is_forgotten(app: Flask, mailbox: Mailbox, customer: User) -> None:
    link = post_link(customer)
    assert mails()[0].args == {"link": link}
    run_due()

    assert link in mailbox.received[0].get_body(("plain",)).get_content()
    assert (mails()[0].state, mails()[0].args) == (JobState.DONE, {})


@pytest.mark.parametrize("end", ["used", "expired", "moved"])
def test_a_dead_link_is_not_mailed(app: Flask, mailbox: Mailbox, customer: User, clock: Any, end: str) -> None:
    post_link(customer)
    with writing():
        if end == "used":
            db.session.execute(update(Token).values(used_at=clock.now()))
        if end == "moved":
            db.session.execute(update(User).where(User.id == customer.id).values(email="new@example.com"))
        commit()
    if end == "expired":
        clock.tick(hours=1)
    run_due()

    assert mailbox.received == []
    assert mails()[0].state is JobState.CANCELLED


def test_kept_links_are_emptied_when_they_die(app: Flask, customer: User, clock: Any) -> None:
    link = post_link(customer)
    run_due()
    assert mails()[0].args == {"link": link}

    clock.tick(hours=1)
    run_due()
    assert mails()[0].args == {}


def test_an_unconfirmed_address_gets_none_of_the_strangers_words(
    app: Flask, mailbox: Mailbox, make_user: Any, make_ticket: Any, agent: User
) -> None:
    victim = make_user(name="Buy pills", email="victim@example.com", verified_at=None)
    ticket = make_ticket(victim, subject="Cheap watches", description="Visit evil.example")
    answer(ticket, agent, "What do you mean?")
    post_link(victim, Purpose.VERIFY)
    run_due()

    assert len(mailbox.received) == 3
    everything = (
        b"".join(mail.as_bytes() for mail in mailbox.received)
        + "".join(str(part.get_content()) for mail in mailbox.received for part in mail.iter_parts()).encode()
    )
    for words in (b"pills", b"watches", b"evil.example"):
        assert words not in everything


def test_an_address_gets_only_so_many_automatic_mails_an_hour(
    app: Flask, mailbox: Mailbox, make_user: Any, make_ticket: Any, customer: User, clock: Any
) -> None:
    victim = make_user(email="victim@example.com", verified_at=None)
    for _try in range(8):
        make_ticket(victim)
        make_ticket(customer)
    run_due(200)

    assert mailbox.recipients.count("victim@example.com") == 1
    assert mailbox.recipients.count(customer.email) == 5
    refused = [mail for mail in mails() if mail.state is JobState.CANCELLED]
    assert {mail.last_error for mail in refused} == {outbox.TOO_MANY}

    clock.tick(hours=1, seconds=1)
    make_ticket(customer)
    run_due()
    assert mailbox.recipients.count(customer.email) == 6


def test_an_address_that_would_break_the_dialogue_never_reaches_it(
    app: Flask, mailbox: Mailbox, ticket: Ticket, agent: User
) -> None:
    answer(ticket, agent)
    bad = "carol@example.com\r\nRCPT TO:<mallory@evil.example>"
    with writing():
        db.session.execute(update(User).where(User.id == ticket.customer_id).values(email=bad))
        commit()
    run_due()

    assert mailbox.recipients == []
    assert mails()[-1].state is JobState.DEAD
