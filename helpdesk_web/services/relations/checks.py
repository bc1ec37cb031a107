"""What must hold of a ticket's columns, in the order in which one follows from another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from helpdesk_web.database import FAR
from helpdesk_web.services import sla
from helpdesk_web.services.relations.seen import Seen

SLACK = timedelta(seconds=1)  # between a change and the audit's record of it


@dataclass(frozen=True, slots=True)
class Check:
    column: str
    is_right: Callable[[Seen], bool]
    mend: Callable[[Seen], None]


def _open_flag(seen: Seen) -> None:
    seen.ticket.open_flag = seen.ticket.is_open()


def _is_paused_rightly(seen: Seen) -> bool:
    return (seen.ticket.paused_at is None) == seen.runs


def _paused_at(seen: Seen) -> None:
    ticket = seen.ticket
    stopped = ticket.resolved_at or ticket.closed_at or seen.moved_at or ticket.last_activity_at
    ticket.paused_at = None if seen.runs else stopped


def _ended_rightly(seen: Seen) -> bool:
    ticket = seen.ticket
    if ticket.is_open():
        return ticket.resolved_at is None and ticket.closed_at is None
    return (ticket.resolved_at if ticket.is_resolved() else ticket.closed_at) is not None


def _ended(seen: Seen) -> None:
    ticket = seen.ticket
    at = seen.moved_at or ticket.paused_at or ticket.last_activity_at
    if ticket.is_open():
        ticket.resolved_at = ticket.closed_at = None
    elif ticket.is_resolved():
        ticket.resolved_at = ticket.resolved_at or at
    else:
        ticket.closed_at = ticket.closed_at or at


def _is_due_rightly(seen: Seen) -> bool:
    ticket = seen.ticket
    due = sla.due_in_lists(ticket)
    return ticket.queue_due_at == due and (due != FAR or ticket.warn_at == FAR)


def _due(seen: Seen) -> None:
    sla.show_in_lists(seen.ticket, sla.target(seen.ticket))


def _answered(seen: Seen) -> None:
    seen.ticket.first_response_at = seen.answered_at


def _is_urgent_rightly(seen: Seen) -> bool:
    return (seen.ticket.urgent_since is not None) == seen.ticket.is_urgent()


def _urgent(seen: Seen) -> None:
    seen.ticket.urgent_since = seen.ticket.created_at if seen.ticket.is_urgent() else None


def _waits_rightly(seen: Seen) -> bool:
    return seen.runs or seen.ticket.waiting_since == FAR


def _waiting(seen: Seen) -> None:
    seen.ticket.waiting_since = FAR


def _is_active_rightly(seen: Seen) -> bool:
    return seen.said_at is None or seen.ticket.last_activity_at >= seen.said_at


def _active(seen: Seen) -> None:
    seen.ticket.last_activity_at = max(filter(None, (seen.ticket.last_activity_at, seen.said_at)))


def _is_public_rightly(seen: Seen) -> bool:
    """Neither before the last public message, nor moved by what the customer must not notice."""
    latest = max(seen.public_moments)
    last_message = seen.public.created_at if seen.public else seen.ticket.created_at
    return last_message <= seen.ticket.last_public_at <= latest + SLACK


def _public(seen: Seen) -> None:
    seen.ticket.last_public_at = max(seen.public_moments)


def _previews_rightly(seen: Seen) -> bool:
    if seen.public is None:
        return seen.ticket.preview == ""
    shown = (seen.ticket.preview, seen.ticket.preview_author_id)
    return shown == (seen.excerpt, seen.public.author_id)


def _preview(seen: Seen) -> None:
    public = seen.public
    seen.ticket.preview = seen.excerpt
    seen.ticket.preview_author_id = public.author_id if public else None


CHECKS = (
    Check("is_open", lambda seen: seen.ticket.open_flag == seen.ticket.is_open(), _open_flag),
    Check("resolved_at", _ended_rightly, _ended),
    Check("paused_at", _is_paused_rightly, _paused_at),
    Check("queue_due_at", _is_due_rightly, _due),
    Check("first_response_at", lambda seen: seen.ticket.first_response_at == seen.answered_at, _answered),
    Check("urgent_since", _is_urgent_rightly, _urgent),
    Check("waiting_since", _waits_rightly, _waiting),
    Check("last_activity_at", _is_active_rightly, _active),
    Check("last_public_at", _is_public_rightly, _public),
    Check("preview", _previews_rightly, _preview),
)
