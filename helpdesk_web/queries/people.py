"""The people an admin looks through: staff, customers, and those who left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from helpdesk_web.database import db
from helpdesk_web.models import AuditEvent, LoginSession, Role, Team, Ticket, User, team_member
from helpdesk_web.models.types import comparable
from helpdesk_web.models.user import initials
from helpdesk_web.queries import predicates

PAGE = 50
HISTORY = 30  # events on a person's page
COUNT_CAP = 1000  # shown as "999+"

GROUPS: dict[str, ColumnElement[bool]] = {
    "staff": and_(User.active, User.role != Role.CUSTOMER),
    "customers": and_(User.active, User.role == Role.CUSTOMER),
    "left": User.active.is_(False),
}

_LAST_SEEN = select(func.max(LoginSession.last_seen_at)).where(LoginSession.user_id == User.id).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Line:
    """One person in the list; `open_count` are tickets they answer or asked."""

    id: int
    name: str
    email: str
    role: Role
    is_verified: bool
    last_seen_at: datetime | None
    open_count: int
    teams: str

    @property
    def initials(self) -> str:
        return initials(self.name)


class People(NamedTuple):
    """A page of the list, and the cursor of the one after it."""

    lines: list[Line]
    next_cursor: str | None


def page(group: str, words: str = "", cursor: str | None = None) -> People:
    """Return people of a group by name, those whose name or address contains the words."""
    query = select(User.id, User.name, User.email, User.role, User.verified_at, _LAST_SEEN, User.name_key).where(
        GROUPS[group]
    )
    if words:
        query = query.where(_contains(words))
    if place := _read(cursor):
        query = query.where(tuple_(User.name_key, User.id) > tuple_(*place))
    rows = db.session.execute(query.order_by(User.name_key, User.id).limit(PAGE + 1)).all()
    kept = rows[:PAGE]
    ids = [row.id for row in kept]
    teams = _teams(ids) if group == "staff" else {}
    open_counts = _open_counts(ids, Ticket.assignee_id if group == "staff" else Ticket.customer_id)
    lines = [_line(row, open_counts, teams) for row in kept]
    more = len(rows) > PAGE
    return People(lines, _seal(kept[-1].name_key, kept[-1].id) if more else None)


def counts() -> dict[str, int]:
    """Return how many each group holds, at most COUNT_CAP, by one statement."""
    capped = [
        select(func.count()).select_from(select(User.id).where(group).limit(COUNT_CAP).subquery()).scalar_subquery()
        for group in GROUPS.values()
    ]
    return dict(zip(GROUPS, db.session.execute(select(*capped)).one(), strict=True))


def history(user: User) -> Sequence[AuditEvent]:
    """Return what last happened to an account, the latest first."""
    events = select(AuditEvent).where(AuditEvent.stream == user.audit_stream)
    return db.session.scalars(events.order_by(AuditEvent.seq.desc()).limit(HISTORY)).all()


def _contains(words: str) -> ColumnElement[bool]:
    key = comparable(words[:200].replace("\0", ""))
    return or_(User.name_key.contains(key, autoescape=True), User.email_key.contains(key, autoescape=True))


def _line(row: Any, open_counts: dict[int, int], teams: dict[int, list[str]]) -> Line:
    id, name, email, role, verified_at, last_seen_at, _key = row
    return Line(
        id=id,
        name=name,
        email=email,
        role=role,
        is_verified=verified_at is not None,
        last_seen_at=last_seen_at,
        open_count=open_counts.get(id, 0),
        teams=", ".join(teams.get(id, [])),
    )


def _open_counts(ids: list[int], column: Any) -> dict[int, int]:
    rows = db.session.execute(select(column, func.count()).where(predicates.OPEN, column.in_(ids)).group_by(column))
    return {row[0]: row[1] for row in rows}


def _teams(ids: list[int]) -> dict[int, list[str]]:
    of_person: dict[int, list[str]] = {}
    rows = db.session.execute(
        select(team_member.c.user_id, Team.name)
        .join(Team, Team.id == team_member.c.team_id)
        .where(team_member.c.user_id.in_(ids))
        .order_by(Team.name)
    )
    for user_id, name in rows:
        of_person.setdefault(user_id, []).append(name)
    return of_person


def _seal(name_key: str, id: int) -> str:
    return str(_sealer().dumps([name_key, id]))


def _read(cursor: str | None) -> tuple[str, int] | None:
    """Return the place a cursor stands for; one that was not made here is none."""
    try:
        name_key, id = _sealer().loads(cursor or "")
    except (BadData, TypeError, ValueError):
        return None
    return str(name_key), int(id)


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="people")
