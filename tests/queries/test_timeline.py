"""The thread tells each thing once."""

from collections.abc import Callable

from helpdesk_web import support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Ticket, User
from helpdesk_web.queries import timeline
from helpdesk_web.services import history, tickets


def told(ticket: Ticket, user: User) -> timeline.Timeline:
    shown, visit = timeline.ticket(user, ticket.refid) or (ticket, None)
    return timeline.timeline(shown, user, visit, history.Names())


def test_what_follows_from_taking_or_answering_is_told_by_the_history_alone(
    make_ticket: Callable[..., Ticket], agent: User, customer: User
) -> None:
    ticket = make_ticket(customer)
    support.assign(ticket, agent.id, by=agent)
    with writing():
        tickets.set_status(db.session.get_one(Ticket, ticket.id), "pending", by=agent)
        commit()
    support.reply(ticket, ticket.customer_id, "Here it is.")

    thread = told(ticket, agent)

    assert [entry.text for entry in thread.entries if isinstance(entry, timeline.Event)] == [
        "Alex Agent took it",
        "Alex Agent set it to wait for the customer",
    ]
    assert [line.text for line in thread.history][-2:] == [
        "Alex Agent set it to wait for the customer",
        "Carol Customer answered, the clock runs again",
    ]
