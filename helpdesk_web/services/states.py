"""The transition table: which event leads from which state to which."""

from enum import StrEnum

from flask_babel import gettext as _

from helpdesk_web.errors import TransitionError
from helpdesk_web.models import Ticket, TicketStatus
from helpdesk_web.models.ticket import TicketStatus as S


class Event(StrEnum):
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    WAIT = "wait"
    RESUME = "resume"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    CUSTOMER_REPLY = "customer_reply"
    PUBLIC_REPLY = "public_reply"
    NOTE = "note"


class To(StrEnum):
    """Targets that depend on the ticket."""

    SAME = "same"
    WORKED = "worked"  # in progress if somebody has it, else open


E = Event
TABLE: dict[tuple[S, Event], S | To] = {
    (S.OPEN, E.ASSIGN): S.IN_PROGRESS,
    (S.IN_PROGRESS, E.ASSIGN): To.SAME,
    (S.PENDING, E.ASSIGN): To.SAME,
    (S.RESOLVED, E.ASSIGN): To.SAME,
    (S.OPEN, E.UNASSIGN): To.SAME,
    (S.IN_PROGRESS, E.UNASSIGN): S.OPEN,
    (S.PENDING, E.UNASSIGN): To.SAME,
    (S.RESOLVED, E.UNASSIGN): To.SAME,
    (S.OPEN, E.WAIT): S.PENDING,
    (S.IN_PROGRESS, E.WAIT): S.PENDING,
    (S.PENDING, E.WAIT): To.SAME,
    (S.OPEN, E.RESUME): To.SAME,
    (S.IN_PROGRESS, E.RESUME): To.SAME,
    (S.PENDING, E.RESUME): To.WORKED,
    (S.OPEN, E.RESOLVE): S.RESOLVED,
    (S.IN_PROGRESS, E.RESOLVE): S.RESOLVED,
    (S.PENDING, E.RESOLVE): S.RESOLVED,
    (S.RESOLVED, E.RESOLVE): To.SAME,
    (S.OPEN, E.CLOSE): S.CLOSED,
    (S.IN_PROGRESS, E.CLOSE): S.CLOSED,
    (S.PENDING, E.CLOSE): S.CLOSED,
    (S.RESOLVED, E.CLOSE): S.CLOSED,
    (S.CLOSED, E.CLOSE): To.SAME,
    (S.OPEN, E.REOPEN): To.SAME,
    (S.IN_PROGRESS, E.REOPEN): To.SAME,
    (S.RESOLVED, E.REOPEN): To.WORKED,
    (S.CLOSED, E.REOPEN): To.WORKED,
    (S.OPEN, E.CUSTOMER_REPLY): To.SAME,
    (S.IN_PROGRESS, E.CUSTOMER_REPLY): To.SAME,
    (S.PENDING, E.CUSTOMER_REPLY): To.WORKED,
    (S.RESOLVED, E.CUSTOMER_REPLY): To.WORKED,
    (S.CLOSED, E.CUSTOMER_REPLY): To.WORKED,  # within reopen_days; later it becomes a follow-up
    (S.OPEN, E.PUBLIC_REPLY): To.SAME,
    (S.IN_PROGRESS, E.PUBLIC_REPLY): To.SAME,
    (S.PENDING, E.PUBLIC_REPLY): To.SAME,
    (S.RESOLVED, E.PUBLIC_REPLY): To.SAME,
    **{(state, E.NOTE): To.SAME for state in S},
}

# What the status control asks for, as an event.
EVENT_TO: dict[S, Event] = {
    S.PENDING: E.WAIT,
    S.RESOLVED: E.RESOLVE,
    S.CLOSED: E.CLOSE,
}


def target(ticket: Ticket, event: Event) -> TicketStatus:
    """Return the state the event leads to; TransitionError when the table has no way."""
    to = TABLE.get((ticket.status, event))
    if to is None:
        raise TransitionError(_refusal(ticket.status, event))
    if to is To.SAME:
        return ticket.status
    if to is To.WORKED:
        return S.IN_PROGRESS if ticket.assignee_id is not None else S.OPEN
    return S(to)


def allows(ticket: Ticket, event: Event) -> bool:
    return (ticket.status, event) in TABLE


def useful(ticket: Ticket) -> set[str]:
    """Return the events that are possible and would change something, for the buttons of a page."""
    return {
        event.value
        for event in Event
        if (to := TABLE.get((ticket.status, event))) is not None
        and (to is not To.SAME or event in (E.ASSIGN, E.UNASSIGN, E.PUBLIC_REPLY, E.NOTE, E.CUSTOMER_REPLY))
    }


def event_to(ticket: Ticket, wanted: TicketStatus) -> Event:
    """Return the event that a request for this state means."""
    if wanted in EVENT_TO:
        return EVENT_TO[wanted]
    if wanted is S.IN_PROGRESS and ticket.assignee_id is None:
        raise TransitionError(_("Assign the ticket to somebody first."))
    if wanted is S.OPEN and ticket.assignee_id is not None and ticket.is_open():
        raise TransitionError(_("Somebody has this ticket. Unassign it to put it back."))
    return E.RESUME if ticket.is_open() else E.REOPEN


def _refusal(status: TicketStatus, event: Event) -> str:
    if status is S.CLOSED and event is E.PUBLIC_REPLY:
        return _("This ticket is closed. Reopen it before you answer the customer.")
    if status is S.CLOSED:
        return _("This ticket is closed. Reopen it first.")
    if status is S.RESOLVED:
        return _("This ticket is resolved. Reopen it first.")
    return _("That is not possible in the ticket's present state.")
