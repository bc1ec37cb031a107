"""What it takes to tell an event: the names behind its ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import literal, select, union_all

from helpdesk_web.database import db
from helpdesk_web.models import AuditEvent, Category, Team, User

# Which facts of an event are ids, and of what.
_PEOPLE = {
    "ticket.created": ("customer",),
    "ticket.assigned": ("from", "to"),
    "ticket.unassigned": ("from", "to"),
}
_CATEGORIES = {"ticket.category_changed": ("from", "to")}
_TEAMS = {"ticket.team_changed": ("from", "to")}


@dataclass(frozen=True, slots=True)
class Names:
    """The names behind the ids in events."""

    people: dict[int, str] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One event and what is needed to tell it."""

    event: AuditEvent
    names: Names

    def __getitem__(self, fact: str) -> Any:
        return self.event.facts.get(fact)

    @property
    def who(self) -> str:
        return self._named(self.event.actor_id) if self.event.actor_id else _("The desk")

    @property
    def subject(self) -> str:
        """Whose account it is about."""
        return self._named(account_of(self.event))

    @property
    def is_own(self) -> bool:
        return self.event.actor_id in (None, account_of(self.event))

    def acted_on(self, fact: str) -> bool:
        """Whether the actor is the person this fact names."""
        return self.event.actor_id is not None and self.event.actor_id == self[fact]

    def person(self, fact: str) -> str:
        return self._named(self[fact])

    def category(self, fact: str) -> str:
        return self.names.categories.get(self[fact] or 0) or _("none")

    def team(self, fact: str) -> str:
        return self.names.teams.get(self[fact] or 0) or _("none")

    def _named(self, number: int | None) -> str:
        return self.names.people.get(number or 0) or _("Someone")


def names_of(events: Iterable[AuditEvent], known: Names | None = None) -> Names:
    """Read the names that these events need and that are not known yet, in one statement or none."""
    wanted: dict[str, set[int]] = {"people": set(), "categories": set(), "teams": set()}
    for event in events:
        wanted["people"] |= {number for number in (event.actor_id, account_of(event)) if number}
        for kind, facts in (("people", _PEOPLE), ("categories", _CATEGORIES), ("teams", _TEAMS)):
            found = (event.facts.get(fact) for fact in facts.get(event.event, ()))
            wanted[kind] |= {number for number in found if isinstance(number, int)}
    names = known or Names()
    sources: tuple[tuple[str, Any], ...] = (("people", User), ("categories", Category), ("teams", Team))
    missing = {kind: ids - set(getattr(names, kind)) for kind, ids in wanted.items()}
    asked = [
        select(literal(kind).label("kind"), source.id, source.name).where(source.id.in_(missing[kind]))
        for kind, source in sources
        if missing[kind]
    ]
    for kind, number, name in db.session.execute(union_all(*asked)) if asked else ():
        getattr(names, kind)[number] = name
    return names


def account_of(event: AuditEvent) -> int | None:
    """Return the id of the account that the event is about, None for events of tickets and of the desk."""
    kind, _colon, number = event.stream.partition(":")
    return int(number) if kind == "account" and number.isdecimal() else None
