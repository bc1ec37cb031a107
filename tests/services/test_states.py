"""The transition table, walked state by event through the service, the pages and the command."""

import pytest

from helpdesk_web import support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import TransitionError
from helpdesk_web.models import TicketStatus, User
from helpdesk_web.services import replies, texts, tickets

S = TicketStatus
NEVER = "TransitionError"

# As the contract has it; the service's own dict is not consulted here. Two columns: nobody has it, somebody has.
EXPECTED = {
    ("open", "assign"): "in_progress",
    ("in_progress", "unassign"): "open",
    ("in_progress", "assign"): "in_progress",
    ("pending", "assign"): "pending",
    ("pending", "unassign"): "pending",
    ("resolved", "assign"): "resolved",
    ("resolved", "unassign"): "resolved",
    ("closed", "assign"): NEVER,
    ("closed", "unassign"): NEVER,
    ("open", "wait"): "pending",
    ("in_progress", "wait"): "pending",
    ("pending", "wait"): "pending",
    ("resolved", "wait"): NEVER,
    ("closed", "wait"): NEVER,
    ("pending", "resume"): "worked",
    ("open", "resolve"): "resolved",
    ("in_progress", "resolve"): "resolved",
    ("pending", "resolve"): "resolved",
    ("resolved", "resolve"): "resolved",
    ("closed", "resolve"): NEVER,
    ("open", "close"): "closed",
    ("in_progress", "close"): "closed",
    ("pending", "close"): "closed",
    ("resolved", "close"): "closed",
    ("closed", "close"): "closed",
    ("open", "reopen"): "open",
    ("in_progress", "reopen"): "in_progress",
    ("pending", "reopen"): NEVER,
    ("resolved", "reopen"): "worked",
    ("closed", "reopen"): "worked",
    ("open", "customer reply"): "open",
    ("in_progress", "customer reply"): "in_progress",
    ("pending", "customer reply"): "worked",
    ("resolved", "customer reply"): "worked",
    ("closed", "customer reply"): "worked",
    ("open", "public reply"): "open",
    ("in_progress", "public reply"): "in_progress",
    ("pending", "public reply"): "pending",
    ("resolved", "public reply"): "resolved",
    ("closed", "public reply"): NEVER,
    **{(state.value, "note"): state.value for state in S},
}


@pytest.fixture
def in_state(make_ticket, agent):
    """Make a ticket in a state, in somebody's hands or in nobody's."""

    def make(state, taken):
        ticket = make_ticket()
        with writing():
            if taken:
                tickets.assign(ticket, agent.id, by=agent)
            if state == "pending":
                tickets.set_status(ticket, "pending", by=agent)
            if state == "resolved":
                tickets.resolve(ticket, by=agent)
            if state == "closed":
                tickets.close(ticket, by=agent)
            commit()
        return ticket

    return make


def possible(state, taken):
    return not (state == "open" and taken) and not (state == "in_progress" and not taken)


CASES = [
    (state, event, taken, to)
    for (state, event), to in EXPECTED.items()
    for taken in (False, True)
    if possible(state, taken)
]


@pytest.mark.both
@pytest.mark.parametrize(("state", "event", "taken", "to"), CASES)
def test_the_service_follows_the_table(state, event, taken, to, in_state, agent, make_user):
    ticket = in_state(state, taken)

    if to == NEVER:
        with pytest.raises(TransitionError):
            do(ticket, event, agent, make_user)
        assert ticket.status == state
    else:
        do(ticket, event, agent, make_user)
        assert ticket.status == expected(to, ticket)
        assert ticket.open_flag == ticket.is_open()
        assert (ticket.paused_at is None) == (ticket.status in ("open", "in_progress"))
        if event == "reopen":
            assert ticket.resolved_at is None
            assert ticket.closed_at is None


CONTROLS = {
    "wait": ("status", {"status": "pending"}),
    "resolve": ("resolution", {}),
    "close": ("closure", {}),
    "reopen": ("reopening", {}),
    "unassign": ("assignment", {"agent_id": ""}),
    "public reply": ("replies", {"message": "Here you are."}),
    "note": ("replies", {"message": "For us.", "is_internal": "true"}),
}


@pytest.mark.parametrize(
    ("state", "event", "taken", "to"), [case for case in CASES if case[1] in CONTROLS or case[1] == "assign"]
)
def test_the_console_follows_the_table(state, event, taken, to, in_state, agent_client, make_user):
    ticket = in_state(state, taken)
    route, fields = CONTROLS.get(event) or ("assignment", {"agent_id": str(make_user("agent").id)})

    answer = agent_client.post(f"/console/tickets/{ticket.refid}/{route}", data=fields)

    never = to == NEVER and not (event == "unassign" and not taken)
    assert answer.status_code == (409 if never else 303)
    assert ticket.status == (state if to == NEVER else expected(to, ticket))


@pytest.mark.parametrize(
    ("state", "event", "taken", "to"),
    [case for case in CASES if case[1] in ("customer reply", "resolve", "reopen")],
)
def test_the_portal_follows_the_table(state, event, taken, to, in_state, client_for):
    ticket = in_state(state, taken)
    route = {"customer reply": "replies", "resolve": "resolution", "reopen": "reopening"}[event]

    answer = client_for(db.session.get(User, ticket.customer_id)).post(
        f"/support/tickets/{ticket.refid}/{route}", data={"message": "Hm."}
    )

    assert answer.status_code == (409 if to == NEVER else 303)
    assert ticket.status == (state if to == NEVER else expected(to, ticket))


def expected(to, ticket):
    if to == "worked":
        return "in_progress" if ticket.assignee_id else "open"
    return to


def do(ticket, event, agent, make_user):
    if event == "assign":
        return support.assign(ticket, make_user("agent").id, by=agent)
    if event == "unassign":
        if ticket.assignee_id is None and ticket.is_closed():
            raise TransitionError  # there is nobody to take it from
        return support.assign(ticket, None, by=agent)
    if event == "customer reply":
        return support.reply(ticket, ticket.customer_id, "Hello?")
    if event in ("public reply", "note"):
        return support.reply(ticket, agent.id, "Well.", is_internal=event == "note")
    if event == "wait":
        with writing():
            tickets.set_status(ticket, "pending", by=agent)
            commit()
        return None
    if event == "resume":
        with writing():
            tickets.set_status(ticket, "in_progress" if ticket.assignee_id else "open", by=agent)
            commit()
        return None
    return getattr(support, event)(ticket, by=agent)


def test_an_answer_can_take_the_ticket_and_move_it_on(make_ticket, agent):
    ticket = make_ticket()

    with writing():
        replies.answer_customer(
            ticket,
            author=agent,
            message=replies.Message(texts.body("On it.")),
            then="pending",
            take_for=agent.id,
        )
        commit()

    assert (ticket.assignee_id, ticket.status) == (agent.id, "pending")
