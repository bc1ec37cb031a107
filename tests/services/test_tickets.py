"""Tickets are opened once, within the rule, and promise what the priority says."""

import datetime as dt

import pytest

from helpdesk_web import audit, support
from helpdesk_web.database import FAR, db
from helpdesk_web.errors import CategoryNotFound, InvalidInput, SupportRateLimitError, TransitionError
from helpdesk_web.models import AuditEvent, Ticket
from tests import factories

pytestmark = pytest.mark.both


def ask(customer, category, **facts):
    return support.create_ticket(
        {
            "user_id": customer.id,
            "category_id": category.id,
            "subject": "Help",
            "description": "Please.",
            **facts,
        }
    )


def test_the_builder_opens_a_ticket_with_everything_it_was_given(clock, customer, make_category):
    category = make_category("Billing")

    ticket = (
        support.make()
        .for_user(customer.id)
        .category(category.id)
        .subject("Issue with order #123")
        .description("The package arrived **damaged**")
        .high()
        .metadata({"order": 123})
        .create()
    )

    assert ticket.refid.startswith("sup_")
    assert len(ticket.refid) >= 20
    assert (ticket.subject, ticket.description) == (
        "Issue with order #123",
        "The package arrived **damaged**",
    )
    assert ticket.is_high()
    assert ticket.is_open()
    assert ticket.metadata_ == {"order": 123}
    assert ticket.sla_due_at == clock.now() + dt.timedelta(hours=8)
    assert support.find(ticket.refid) is ticket
    assert "<strong>damaged</strong>" in ticket.replies[0].message_html


def test_the_hourly_rule_slides_and_says_how_long_to_wait(clock, customer, make_category):
    category = make_category()
    for _ in range(5):
        ask(customer, category)
        clock.tick(minutes=1)
    limiter = support.rate_limiter()

    with pytest.raises(SupportRateLimitError) as refused:
        ask(customer, category)

    assert refused.value.retry_after == 55 * 60
    assert not limiter.can_create_ticket(customer.id)
    assert limiter.get_remaining_ticket_attempts(customer.id) == 0
    assert limiter.get_time_until_next_ticket(customer.id) == 55 * 60
    clock.tick(minutes=55)
    assert limiter.can_create_ticket(customer.id)
    assert ask(customer, category).is_open()


def test_staff_are_not_counted(clock, agent, make_category):
    category = make_category()
    for _ in range(7):
        ask(agent, category)

    assert support.rate_limiter().can_create_ticket(agent.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": None},
        {"subject": "a\x00b"},
        {"description": "  "},
        {"description": "x" * 100_001},
        {"description": "\ud800"},
        {"priority": "soon"},
        {"metadata": {str(n): n for n in range(51)}},
        {"metadata": {"big": "x" * 17_000}},
        {"metadata": {"bad": object()}},
        {"metadata": [1]},
        {"channel": "pigeon"},
        {"user_id": 10**9},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(wrong, customer, make_category):
    category = make_category()

    with pytest.raises(InvalidInput):
        ask(customer, category, **wrong)

    assert db.session.query(Ticket).count() == 0


def test_a_category_that_does_not_exist_is_refused(customer):
    with pytest.raises(CategoryNotFound):
        support.create_ticket({"user_id": customer.id, "category_id": 99, "subject": "a", "description": "b"})


def test_pausing_moves_the_due_time_and_breaching_is_remembered_by_the_list(clock, make_ticket, agent):
    ticket = make_ticket(priority="urgent")
    support.assign(ticket, agent.id)
    due = ticket.sla_due_at
    clock.tick(hours=1)
    support.reply(ticket, agent.id, "Which printer?")
    from helpdesk_web.database import commit, writing
    from helpdesk_web.services import tickets

    with writing():
        tickets.set_status(ticket, "pending", by=agent)
        commit()
    assert ticket.queue_due_at == FAR
    clock.tick(hours=10)
    assert not ticket.is_sla_breached()
    support.reply(ticket, ticket.customer_id, "The blue one.")

    assert ticket.status == "in_progress"
    assert ticket.sla_due_at == due + dt.timedelta(hours=10)
    assert support.get_sla_breached_tickets() == []
    clock.tick(hours=2)
    assert ticket.is_sla_breached()
    assert support.get_sla_breached_tickets() == [ticket]


def test_asking_for_the_present_state_changes_nothing(make_ticket, agent):
    ticket = make_ticket()
    support.resolve(ticket, by=agent)
    version, events = ticket.version, db.session.query(AuditEvent).count()

    support.resolve(ticket, by=agent)

    assert (ticket.version, db.session.query(AuditEvent).count()) == (version, events)


def test_a_closed_ticket_takes_notes_and_no_answers(make_ticket, agent):
    ticket = make_ticket()
    support.close(ticket, by=agent)

    with pytest.raises(TransitionError):
        support.reply(ticket, agent.id, "One more thing")
    assert support.reply(ticket, agent.id, "For us.", is_internal=True).is_internal


def test_the_customers_late_word_opens_a_follow_up(clock, make_ticket, agent, customer):
    ticket = make_ticket(customer)
    support.close(ticket, by=agent)
    clock.tick(days=15)

    said = support.reply(ticket, customer.id, "It broke again.")

    assert ticket.is_closed()
    follow_up = db.session.get(Ticket, said.ticket_id)
    assert follow_up.follow_up_of_id == ticket.id
    assert follow_up.description == "It broke again."


def test_details_nested_beyond_reason_are_refused(app, customer, make_category):
    details: dict = {}
    deepest = details
    for _level in range(3000):
        deepest["more"] = {}
        deepest = deepest["more"]

    with pytest.raises(InvalidInput):
        support.create_ticket(
            {
                "user_id": customer.id,
                "category_id": make_category().id,
                "subject": "S",
                "description": "D",
                "metadata": details,
            }
        )


def test_the_audit_tells_which_team_a_new_ticket_went_to(app, make_ticket, make_category):
    team = factories.make_team("Workshop")

    ticket = make_ticket(category=make_category("Repairs", team=team))

    assert audit.history().on(ticket).first().facts["team"] == team.id
