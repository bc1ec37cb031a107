"""Who may do what, in one readable table, and which tickets a person can see at all."""

from typing import Any

from sqlalchemy import and_, exists, false, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web.models import Role, Team, Ticket, User, Watcher, team_member

# verb: the lowest role that may; a verb that nobody lists is refused
TABLE: dict[str, Role] = {
    "ticket.open": Role.CUSTOMER,
    "ticket.reply": Role.CUSTOMER,
    "ticket.solve": Role.CUSTOMER,
    "ticket.reopen": Role.CUSTOMER,
    "ticket.rate": Role.CUSTOMER,
    "console": Role.AGENT,
    "ticket.open_for_others": Role.AGENT,
    "ticket.note": Role.AGENT,
    "ticket.assign": Role.AGENT,
    "ticket.resolve": Role.AGENT,
    "ticket.close": Role.AGENT,
    "ticket.set_priority": Role.AGENT,
    "ticket.set_category": Role.AGENT,
    "ticket.tag": Role.AGENT,
    "outbox.see": Role.AGENT,
    "analytics": Role.SUPERVISOR,
    "people.see": Role.SUPERVISOR,
    "people.manage": Role.ADMIN,
    "desk.configure": Role.ADMIN,
    "audit.see": Role.ADMIN,
    "jobs.retry": Role.ADMIN,
}


def may(user: Any, verb: str, thing: Any = None) -> bool:
    """Tell whether the person may do this, to this thing where one is given."""
    lowest = TABLE.get(verb)
    if lowest is None or not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    if user.role.rank < lowest.rank:
        return False
    if isinstance(thing, Ticket) and not user.is_staff:
        return thing.customer_id == user.id and (user.is_verified or thing.opened_by_id == user.id)
    if isinstance(thing, User):  # nobody acts on an account of a higher rank
        return thing.role.rank <= user.role.rank
    return True


def visible_tickets(user: User) -> ColumnElement[bool]:
    """Return the condition on `Ticket` that holds for exactly the tickets this person can see.

    Customers: their own; before their address is verified, only what this account asked itself.
    Agents: all but those of private teams they are not in, unless assigned to or watched by them.
    """
    if not user.is_active:
        return false()
    if user.is_supervisor:
        return true()
    if user.is_staff:
        return visible_to_agent(user.id)
    own = Ticket.customer_id == user.id
    return own if user.is_verified else and_(own, Ticket.opened_by_id == user.id)


def visible_to_agent(me: Any) -> ColumnElement[bool]:
    """The condition for an agent's id, also as a parameter of a statement that is built once."""
    memberships = select(team_member.c.team_id).where(team_member.c.user_id == me)
    closed = select(Team.id).where(Team.is_private, Team.id.not_in(memberships))
    return or_(
        Ticket.team_id.is_(None),
        Ticket.team_id.not_in(closed),
        Ticket.assignee_id == me,
        exists().where(Watcher.ticket_id == Ticket.id, Watcher.user_id == me),
    )
