"""A ticket's story: opened, taken, moved on, resolved, closed, reopened."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk_web import clock, events
from helpdesk_web.database import FAR, db, lock
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import Category, Ticket, TicketPriority, TicketStatus, User
from helpdesk_web.services import (
    audit,
    categories,
    desk,
    notifications,
    sla,
    states,
)
from helpdesk_web.services.states import Event


def find(refid: object) -> Ticket | None:
    """Return the ticket with this reference, whoever asks; pages go through what the reader may see."""
    if not isinstance(refid, str) or not refid.startswith("sup_") or len(refid) > 40:
        return None
    return db.session.scalar(select(Ticket).where(Ticket.refid == refid))


def move(ticket: Ticket, event: Event, *, by: User | None, cause: str | None = None) -> bool:
    """Lead the ticket along the transition table; False when it is there already."""
    before, after, now = ticket.status, states.target(ticket, event), moment_for(ticket)
    if after is before:
        return False
    ticket.status, ticket.open_flag = after, after.is_open
    ended = ticket.resolved_at or ticket.closed_at
    stamp(ticket, before, after, now)
    if after.is_open and ended and ticket.urgent_since and ticket.urgent_since > ended:
        notifications.urgent(ticket)  # it became urgent while it was solved, when nobody was told
    touch(ticket, now, public=True)
    facts = {"from": before.value, "to": after.value, "event": event.value}
    audit.record(ticket, by, "ticket.status_changed", facts | ({"cause": cause} if cause else {}), at=now)
    events.later(events.TicketStatusChanged, ticket_id=ticket.id, before=before.value, after=after.value)
    return True


def resolve(ticket: Ticket, *, by: User | None) -> bool:
    return _done(lock(ticket), Event.RESOLVE, by)


def close(ticket: Ticket, *, by: User | None, cause: str | None = None) -> bool:
    return _done(lock(ticket), Event.CLOSE, by, cause)


def reopen(ticket: Ticket, *, by: User | None) -> bool:
    """Open it again; a customer may do so with a closed ticket only within `reopen_days`."""
    lock(ticket)
    if by and not by.is_staff and ticket.is_closed() and not reopens_on_reply(ticket):
        raise NotAllowed(_("This request was closed some time ago. Please write a new one."))
    moved = _done(ticket, Event.REOPEN, by)
    if moved and by and not by.is_staff:
        ticket.waiting_since = moment_for(ticket)
        db.session.flush()
    return moved


def set_status(ticket: Ticket, wanted: TicketStatus | str, *, by: User | None) -> bool:
    """Do what the status control asks; TransitionError when there is no way there."""
    lock(ticket)
    wanted = TicketStatus(wanted)
    if wanted is ticket.status:
        return False
    return _done(ticket, states.event_to(ticket, wanted), by)


def assign(ticket: Ticket, agent_id: int | None, *, by: User | None) -> bool:
    """Give the ticket to an agent, or to nobody; False when that is so already."""
    lock(ticket)
    if agent_id == ticket.assignee_id:
        return False
    states.target(ticket, Event.ASSIGN if agent_id else Event.UNASSIGN)  # refuses before anything changes
    if agent_id is not None:
        agent = db.session.get(User, agent_id)
        if agent is None or not agent.is_staff or not agent.is_active:
            raise InvalidInput(_("Tickets can be given to staff only."), "agent_id")
    before, ticket.assignee_id = ticket.assignee_id, agent_id
    touch(ticket, moment_for(ticket))
    name = "ticket.assigned" if agent_id else "ticket.unassigned"
    audit.record(ticket, by, name, {"from": before, "to": agent_id})
    move(ticket, Event.ASSIGN if agent_id else Event.UNASSIGN, by=by, cause="assignment")
    events.later(events.TicketAssigned, ticket_id=ticket.id, agent_id=agent_id)
    db.session.flush()
    return True


def set_priority(ticket: Ticket, priority: TicketPriority | str, *, by: User | None) -> bool:
    """Change the priority and with it the promise."""
    lock(ticket)
    wanted = priority_of(priority)
    if wanted is ticket.priority:
        return False
    before, ticket.priority = ticket.priority, wanted
    ticket.urgent_since = moment_for(ticket) if ticket.is_urgent() else None
    sla.promise(ticket)
    touch(ticket, moment_for(ticket))
    audit.record(ticket, by, "ticket.priority_changed", {"from": before.value, "to": wanted.value})
    if ticket.is_urgent() and ticket.is_open():
        notifications.urgent(ticket)
    db.session.flush()
    return True


def set_category(ticket: Ticket, category: Category | int | str, *, by: User | None) -> bool:
    """Say what it is about; a category that goes to a team takes the ticket there."""
    lock(ticket)
    wanted = categories.find(category, active_only=True)
    if wanted.id == ticket.category_id:
        return False
    before, ticket.category_id = ticket.category_id, wanted.id
    touch(ticket, moment_for(ticket))
    audit.record(ticket, by, "ticket.category_changed", {"from": before, "to": wanted.id})
    if wanted.team_id is not None and wanted.team_id != ticket.team_id:
        team, ticket.team_id = ticket.team_id, wanted.team_id
        audit.record(ticket, by, "ticket.team_changed", {"from": team, "to": wanted.team_id})
    db.session.flush()
    return True


def reopens_on_reply(ticket: Ticket) -> bool:
    """Whether a customer's word on this closed ticket reopens it; later it becomes a follow-up."""
    limit = timedelta(days=desk.settings().reopen_days)
    return ticket.closed_at is not None and clock.now() <= ticket.closed_at + limit


def moment_for(ticket: Ticket) -> datetime:
    """Now, but never before what the ticket has seen: a clock that was set back must not turn its story round."""
    return max(clock.now(), ticket.last_activity_at)


def touch(ticket: Ticket, at: datetime, *, public: bool = False) -> None:
    """Count one more change; `public` also moves it in the customer's list."""
    ticket.version += 1
    ticket.last_activity_at = at
    if public:
        ticket.last_public_at = at


def priority_of(priority: TicketPriority | str) -> TicketPriority:
    try:
        return TicketPriority(priority)
    except ValueError as error:
        raise InvalidInput(_("That priority does not exist."), "priority") from error


def _done(ticket: Ticket, event: Event, by: User | None, cause: str | None = None) -> bool:
    moved = move(ticket, event, by=by, cause=cause)
    db.session.flush()
    return moved


def stamp(ticket: Ticket, before: TicketStatus, after: TicketStatus, now: datetime) -> None:
    """Set the moments and clocks that belong to a change of state."""
    if after is TicketStatus.RESOLVED:
        ticket.resolved_at = now
    elif after is TicketStatus.CLOSED:
        ticket.closed_at = now
    elif not before.is_open:
        ticket.resolved_at = ticket.closed_at = None
        ticket.reopened_at = now
    if not after.is_running:
        ticket.waiting_since = FAR
    (sla.resume if after.is_running else sla.pause)(ticket, now)
