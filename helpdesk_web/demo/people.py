"""Who is known to the demo desk: staff with their teams, organisations, and as many customers as tickets need."""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count as counting
from operator import itemgetter
from typing import Any

from helpdesk_web.demo import content, staff
from helpdesk_web.demo.content import Conversation, Person
from helpdesk_web.models import Role, User
from helpdesk_web.models.types import comparable
from helpdesk_web.services import audit
from helpdesk_web.services.categories import slug_of

Row = dict[str, Any]
TICKETS_A_CUSTOMER = 12  # more customers than were written are made for a larger desk
FOR_FIRMS = ("dealers", "contracts-and-privacy")


class People:
    """The rows of everybody, and whom to choose for a conversation."""

    def __init__(self, tickets: int, rng: random.Random, now: datetime, password_hash: str) -> None:
        self._rng = rng
        self._now = now
        self.users: list[Row] = []
        self.events: list[Row] = []
        self.names: dict[int, str] = {}
        self.ids: dict[str, int] = {}
        self.agents_of: dict[str, list[int]] = defaultdict(list)
        self._weights_of: dict[str, list[int]] = defaultdict(list)
        self._speaking: dict[str, list[int]] = defaultdict(list)
        self._of_firms: dict[str, list[int]] = defaultdict(list)
        self._staff(password_hash)
        self.organisations, self.domains, of_domain = _organisations(now)
        self._customers(max(len(content.people()), tickets // TICKETS_A_CUSTOMER), of_domain)
        self.events.sort(key=itemgetter("at"))
        self.teams = [_team(number, team, now) for number, team in enumerate(content.teams(), 1)]
        self.team_ids = {team["name"]: team["id"] for team in self.teams}
        self.members = [
            {"team_id": self.team_ids[team], "user_id": self.ids[person.email]}
            for person in staff.members()
            for team in person.teams
        ]
        self.categories = [
            _category(number, category, self.team_ids, now) for number, category in enumerate(content.categories(), 1)
        ]

    def customer(self, talk: Conversation) -> int:
        """Choose somebody who writes this language; dealers and contracts are for people of firms."""
        pool = self._of_firms if talk.category in FOR_FIRMS else self._speaking
        return self._rng.choice(pool.get(talk.language) or self._speaking.get(talk.language) or self._speaking["en"])

    def agent(self, team: str) -> int:
        return self._rng.choices(self.agents_of[team], self._weights_of[team])[0]

    def _staff(self, password_hash: str) -> None:
        joined = self._now - timedelta(days=900)
        for number, person in enumerate(staff.members()):
            at = joined + timedelta(days=17 * number, hours=number % 7)
            user_id = self._add(person.name, person.email, at, role=person.role, password_hash=password_hash)
            for team, weight in person.teams.items():
                self.agents_of[team].append(user_id)
                self._weights_of[team].append(weight)

    def _customers(self, number: int, of_domain: dict[str, int]) -> None:
        start = self._now - timedelta(days=880)
        people = list(content.people())
        for place, person in enumerate([*people, *_others(people, number - len(people), self._rng)]):
            at = start + timedelta(days=740 * place / max(1, number), minutes=self._rng.randrange(600))
            domain = person.email.partition("@")[2]
            user_id = self._add(person.name, person.email, at, organization_id=of_domain.get(domain))
            self._speaking[person.language].append(user_id)
            if person.domain:
                self._of_firms[person.language].append(user_id)

    def _add(self, name: str, email: str, at: datetime, *, role: Role = Role.CUSTOMER, **facts: Any) -> int:
        account = User(id=len(self.users) + 1, audit_seq=0, audit_mac="")
        private = {"email": email, "name": name}
        created = audit.composed(account, None, "account.created", {"role": role}, private=private, at=at)
        self.events.append(created)
        self.users.append(
            {
                "id": account.id,
                "role": role,
                "name": name,
                "name_key": comparable(name),
                "email": email,
                "email_key": comparable(email),
                "password_hash": None,
                "active": True,
                "verified_at": at,
                "organization_id": None,
                "theme": "system",
                "vault_bytes": 0,
                "created_at": at,
                "audit_seq": account.audit_seq,
                "audit_mac": account.audit_mac,
            }
            | facts
        )
        self.names[account.id] = name
        self.ids[email] = account.id
        return account.id


def _others(people: list[Person], number: int, rng: random.Random) -> Iterator[Person]:
    """More people: a first name of one and a family name of another of the same language."""
    two_part = [person for person in people if " " in person.name]
    by_language = defaultdict(list)
    for person in two_part:
        by_language[person.language].append(person)
    for serial in counting(1):
        if serial > number:
            return
        one = rng.choice(two_part)
        other = rng.choice(by_language[one.language])
        name = f"{one.name.partition(' ')[0]} {other.name.partition(' ')[2]}"
        yield replace(one, name=name, email=f"{_mailbox(name, one)}.{serial}@{one.email.partition('@')[2]}")


def _mailbox(name: str, like: Person) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = "".join(sign if sign.isalnum() else "." for sign in plain if sign.isalnum() or sign in " -")
    return letters if len(letters) >= len(name) - 2 else like.email.partition("@")[0]


def _organisations(now: datetime) -> tuple[list[Row], list[Row], dict[str, int]]:
    rows: list[Row] = []
    domains: list[Row] = []
    for number, organisation in enumerate(content.organisations(), 1):
        rows.append(
            {
                "id": number,
                "name": organisation.name,
                "name_key": comparable(organisation.name),
                "notes": organisation.notes,
                "high_value": organisation.high_value,
                "vault_bytes": 0,
                "created_at": now - timedelta(days=890),
            }
        )
        domains.append({"domain": organisation.domain, "organization_id": number})
    return rows, domains, {row["domain"]: row["organization_id"] for row in domains}


def _team(number: int, team: content.Team, now: datetime) -> Row:
    return {
        "id": number,
        "name": team.name,
        "slug": slug_of(team.name),
        "is_private": team.private,
        "created_at": now - timedelta(days=899),
    }


def _category(number: int, category: content.Category, teams: dict[str, int], now: datetime) -> Row:
    return {
        "id": number,
        "name": category.name,
        "slug": category.slug,
        "description": category.description,
        "is_active": True,
        "display_order": number,
        "team_id": teams[category.team] if category.team else None,
        "created_at": now - timedelta(days=899),
    }
