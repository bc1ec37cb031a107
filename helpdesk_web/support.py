"""The support service for Python callers: every call is one service call and one commit; no route uses it.

Verbs take `by=` (a user or an id; default: the system). Outside a request use
`with create_app().app_context():`.
"""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk_web import clock, events
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import Category, Reply, Ticket, TicketPriority, User
from helpdesk_web.queries import analytics as figures
from helpdesk_web.queries import predicates
from helpdesk_web.services import categories as category_service
from helpdesk_web.services import openings, texts
from helpdesk_web.services import rate_limiter as limits
from helpdesk_web.services import replies as reply_service
from helpdesk_web.services import tickets as ticket_service

Person = User | int | None
T = TypeVar("T")


class TicketBuilder:
    """Collects a ticket's facts; `create()` opens it."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}

    def _with(self, **facts: Any) -> Self:
        self._facts |= facts
        return self

    def for_user(self, user: User | int) -> Self:
        return self._with(user_id=_id(user))

    def category(self, category: Category | int | str) -> Self:
        return self._with(category_id=category)

    def subject(self, subject: str) -> Self:
        return self._with(subject=subject)

    def description(self, description: str) -> Self:
        return self._with(description=description)

    def priority(self, priority: TicketPriority | str) -> Self:
        return self._with(priority=priority)

    def low(self) -> Self:
        return self.priority(TicketPriority.LOW)

    def medium(self) -> Self:
        return self.priority(TicketPriority.MEDIUM)

    def high(self) -> Self:
        return self.priority(TicketPriority.HIGH)

    def urgent(self) -> Self:
        return self.priority(TicketPriority.URGENT)

    def metadata(self, metadata: dict[str, Any]) -> Self:
        return self._with(metadata=metadata)

    def create(self) -> Ticket:
        return create_ticket(self._facts)


class CategoryBuilder:
    """Collects a category's facts; `create()` adds it."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}

    def _with(self, **facts: Any) -> Self:
        self._facts |= facts
        return self

    def name(self, name: str) -> Self:
        return self._with(name=name)

    def slug(self, slug: str) -> Self:
        return self._with(slug=slug)

    def description(self, description: str) -> Self:
        return self._with(description=description)

    def order(self, order: int) -> Self:
        return self._with(order=order)

    def active(self, active: bool = True) -> Self:
        return self._with(is_active=active)

    def inactive(self) -> Self:
        return self.active(False)

    def create(self) -> Category:
        if "name" not in self._facts:
            raise InvalidInput(_("A category needs a name."), "name")
        return _write(lambda: category_service.create(**self._facts))


def make() -> TicketBuilder:
    """Begin a ticket: `support.make().for_user(…).category(…).subject(…).description(…).create()`."""
    return TicketBuilder()


def create_ticket(facts: dict[str, Any]) -> Ticket:
    """Open a ticket from `user_id`, `category_id`, `subject`, `description`, and optionally `priority`,
    `metadata`, `channel`. Raises SupportRateLimitError, CategoryNotFound, InvalidInput."""
    unknown = set(facts) - {
        "user_id",
        "category_id",
        "subject",
        "description",
        "priority",
        "metadata",
        "channel",
    }
    if unknown:
        raise InvalidInput(_("A ticket has no %(name)s.", name=", ".join(sorted(unknown))))
    user = _user(facts.get("user_id"))
    if user is None:
        raise InvalidInput(_("That customer does not exist."), "user_id")
    asked = openings.request(
        customer_id=user.id,
        author_id=user.id,
        category=facts.get("category_id"),
        subject=facts.get("subject"),
        description=facts.get("description"),
        priority=facts.get("priority"),
        metadata=facts.get("metadata"),
        channel=facts.get("channel", "web"),
    )
    return _write(lambda: openings.open_ticket(asked))


def reply(ticket: Ticket, user_id: User | int, message: str, is_internal: bool = False) -> Reply:
    """Say something on a ticket; a customer's internal note is refused.

    A customer's word on a ticket closed longer than `reopen_days` ago opens a follow-up; its opening message
    is what comes back then.
    """
    author = _user(user_id)
    if author is None:
        raise InvalidInput(_("That person does not exist."), "user_id")
    said = reply_service.Message(texts.body(message))
    if author.is_staff:
        say = reply_service.note if is_internal else reply_service.answer_customer
        return _write(lambda: say(ticket, author=author, message=said))
    if is_internal:
        raise NotAllowed(_("Customers cannot write internal notes."))
    if author.id != ticket.customer_id:
        raise NotAllowed(_("Only the customer of this ticket can write to it."))
    outcome = _write(lambda: reply_service.hear_customer(ticket, author=author, message=said))
    return outcome.reply or outcome.ticket.replies[0]


def assign(ticket: Ticket, agent_id: User | int | None, *, by: Person = None) -> Ticket:
    return _verb(ticket, lambda actor: ticket_service.assign(ticket, _id(agent_id), by=actor), by)


def resolve(ticket: Ticket, *, by: Person = None) -> Ticket:
    return _verb(ticket, lambda actor: ticket_service.resolve(ticket, by=actor), by)


def close(ticket: Ticket, *, by: Person = None) -> Ticket:
    return _verb(ticket, lambda actor: ticket_service.close(ticket, by=actor), by)


def reopen(ticket: Ticket, *, by: Person = None) -> Ticket:
    return _verb(ticket, lambda actor: ticket_service.reopen(ticket, by=actor), by)


def find(refid: str) -> Ticket | None:
    return ticket_service.find(refid)


def categories(active: bool = True) -> list[Category]:
    """Return the categories in display order: the active ones, or with `active=False` the hidden ones too."""
    return category_service.listed(active=True if active else None)


def config_category() -> CategoryBuilder:
    """Begin a category: `support.config_category().name(…).create()`."""
    return CategoryBuilder()


def get_user_tickets(user_id: User | int) -> list[Ticket]:
    """All tickets of a customer, the newest first."""
    query = select(Ticket).where(Ticket.customer_id == _id(user_id))
    return list(db.session.scalars(query.order_by(Ticket.created_at.desc(), Ticket.id.desc())))


def get_agent_tickets(agent_id: User | int) -> list[Ticket]:
    """The open tickets an agent has, the next due first."""
    return _open_tickets(Ticket.assignee_id == _id(agent_id))


def get_unassigned_tickets() -> list[Ticket]:
    """The open tickets nobody has, the next due first."""
    return _open_tickets(Ticket.assignee_id.is_(None))


def get_sla_breached_tickets() -> list[Ticket]:
    """The open tickets whose due time passed while their clock was running."""
    return _open_tickets(Ticket.queue_due_at <= clock.now())


def analytics() -> figures.Analytics:
    """Figures of the last 30 days in the desk's zone."""
    return figures.Analytics()


def rate_limiter() -> limits.RateLimiter:
    return limits.RateLimiter()


def _open_tickets(condition: Any) -> list[Ticket]:
    query = select(Ticket).where(predicates.OPEN, condition)
    return list(db.session.scalars(query.order_by(Ticket.queue_due_at, Ticket.id)))


def _verb(ticket: Ticket, act: Callable[[User | None], Any], by: Person) -> Ticket:
    def run() -> Ticket:
        act(_user(by))
        return ticket

    return _write(run)


def _write(act: Callable[[], T]) -> T:
    with writing():
        result = act()
        commit()
    return result


def _user(person: Person) -> User | None:
    """Load whoever is meant; an id that nobody has is refused, or the system would be said to have done it."""
    number = _id(person)
    if number is None:
        return None
    found = db.session.get(User, number)
    if found is None:
        raise InvalidInput(_("That person does not exist."), "by")
    return found


def _id(person: Person) -> int | None:
    if isinstance(person, int) and (isinstance(person, bool) or not 0 < person < 2**31):
        raise InvalidInput(_("That person does not exist."), "user_id")
    return person.id if isinstance(person, User) else person


__all__ = [
    "CategoryBuilder",
    "TicketBuilder",
    "analytics",
    "assign",
    "categories",
    "close",
    "config_category",
    "create_ticket",
    "events",
    "find",
    "get_agent_tickets",
    "get_sla_breached_tickets",
    "get_unassigned_tickets",
    "get_user_tickets",
    "make",
    "rate_limiter",
    "reopen",
    "reply",
    "resolve",
]
