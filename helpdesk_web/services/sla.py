"""The promise: by when a ticket is to be answered and resolved, and when its clock stands still."""

from datetime import datetime, timedelta

from helpdesk_web.database import FAR
from helpdesk_web.desk_settings import Target
from helpdesk_web.models import Ticket
from helpdesk_web.services import desk

WARN_SHARE = 0.2  # a ticket is due soon in the last fifth of its target


def promise(ticket: Ticket) -> None:
    """Set every due time from what is stored.

    `sla_due_at` = created + hours of the current priority + time spent pending, resolved or closed. Called on
    creation, change of priority, and each start or stop of the clock. `breached_at` stays as recorded.
    """
    goal = target(ticket)
    pauses = timedelta(seconds=ticket.paused_seconds)
    ticket.sla_due_at = ticket.created_at + timedelta(hours=goal.sla_hours) + pauses
    if ticket.first_response_at is None:
        ticket.first_response_due_at = ticket.created_at + timedelta(hours=goal.first_response_hours) + pauses
    show_in_lists(ticket, goal)


def pause(ticket: Ticket, at: datetime) -> None:
    """Stop the clock; stopping it twice changes nothing."""
    if ticket.paused_at is None:
        ticket.paused_at = at
    promise(ticket)


def resume(ticket: Ticket, at: datetime) -> None:
    """Start the clock again; the pause moves the due times on."""
    if ticket.paused_at is not None:
        # a wall clock that was set back must not shorten the promise
        ticket.paused_seconds += max(0.0, (at - ticket.paused_at).total_seconds())
        ticket.paused_at = None
    promise(ticket)


def stop_response_clock(ticket: Ticket, at: datetime) -> None:
    """Note the first public answer of staff; later ones change nothing."""
    if ticket.first_response_at is None:
        ticket.first_response_at = at


def target(ticket: Ticket) -> Target:
    return desk.settings().priorities.of(ticket.priority.value)


def show_in_lists(ticket: Ticket, goal: Target) -> None:
    """Set what lists sort and warn by."""
    ticket.queue_due_at = due_in_lists(ticket)
    warn_at = ticket.sla_due_at - timedelta(hours=goal.sla_hours * WARN_SHARE)
    ticket.warn_at = warn_at if ticket.queue_due_at != FAR and ticket.paused_at is None else FAR


def due_in_lists(ticket: Ticket) -> datetime:
    """Return when the ticket is due; FAR while its clock stands still, unless it was late when it stopped."""
    late_when_stopped = ticket.paused_at is not None and ticket.paused_at >= ticket.sla_due_at
    shown = ticket.is_open() and (ticket.paused_at is None or late_when_stopped)
    return ticket.sla_due_at if shown else FAR
