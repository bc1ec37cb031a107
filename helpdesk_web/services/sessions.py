"""Signed-in browsers: the cookie holds a secret, the server its hash, so any of them can be ended at once.

A session ends when it is not used for `session_idle_hours` of its owner's role, and in any case after
three times that: 24 hours for staff and 90 days for customers, unless set otherwise.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.desk_settings import SessionIdleHours
from helpdesk_web.models import LoginSession, Role, User
from helpdesk_web.services import desk

SEEN_EVERY = timedelta(minutes=5)  # how exact `last_seen_at` is; a write at each page would be too dear
ABSOLUTE = 3  # idle limits
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

_BY_SECRET = (
    select(User, LoginSession.id, LoginSession.created_at, LoginSession.last_seen_at)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(LoginSession.secret_hash == bindparam("secret_hash"), User.active)
)


class Found(NamedTuple):
    """A living session and its owner."""

    user: User
    session_id: int
    created_at: datetime
    last_seen_at: datetime

    @property
    def may_be_marked(self) -> bool:
        return clock.now() - self.last_seen_at >= SEEN_EVERY


def begin(user: User, *, user_agent: str = "", address: str = "") -> str:
    """Sign a browser in and return the secret for its cookie, which is stored nowhere."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    db.session.add(
        LoginSession(
            user_id=user.id,
            secret_hash=_hash(secret),
            created_at=now,
            last_seen_at=now,
            user_agent=user_agent.replace("\0", "")[:300],
            address=address[:64],
        )
    )
    db.session.flush()
    return secret


def find(secret: str) -> Found | None:
    """Return the living session behind a cookie's secret, by one statement."""
    if not _SECRET.fullmatch(secret):
        return None
    row = db.session.execute(_BY_SECRET, {"secret_hash": _hash(secret)}).one_or_none()
    if row is None:
        return None
    found = Found(*row)
    return None if _is_over(found.user.role, found.created_at, found.last_seen_at) else found


def mark_seen(session_id: int) -> None:
    """Remember that the session is in use."""
    db.session.execute(update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=clock.now()))


def renew(session_id: int) -> str:
    """Give a session a new secret; the old one is dead."""
    secret = secrets.token_urlsafe(32)
    db.session.execute(update(LoginSession).where(LoginSession.id == session_id).values(secret_hash=_hash(secret)))
    return secret


def end(session_id: int, *, of: int) -> bool:
    """Sign one browser of this person out; False when there is no such session of theirs."""
    ended = delete(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == of)
    return _rows(ended) == 1


def end_all(user_id: int, *, but: int | None = None) -> int:
    """Sign a person out everywhere, except in the session given, and return how many ended."""
    ended = delete(LoginSession).where(LoginSession.user_id == user_id)
    return _rows(ended if but is None else ended.where(LoginSession.id != but))


def living(user: User) -> list[LoginSession]:
    """Return a person's sessions that still work, the last used first."""
    rows = db.session.scalars(
        select(LoginSession).where(LoginSession.user_id == user.id).order_by(LoginSession.last_seen_at.desc())
    )
    return [row for row in rows if not _is_over(user.role, row.created_at, row.last_seen_at)]


def forget_past() -> int:
    """Drop the rows of sessions that are over, and return how many."""
    limits = desk.boot().session_idle_hours
    longest = timedelta(hours=max(limits.staff, limits.customers))
    return _rows(delete(LoginSession).where(LoginSession.last_seen_at < clock.now() - longest))


def longest(role: Role) -> timedelta:
    """How long a session of this role can last at most: the cookie's age."""
    return ABSOLUTE * _idle(desk.boot().session_idle_hours, role)


def _idle(limits: SessionIdleHours, role: Role) -> timedelta:
    return timedelta(hours=limits.customers if role == Role.CUSTOMER else limits.staff)


def _is_over(role: Role, created_at: datetime, last_seen_at: datetime) -> bool:
    now, idle = clock.now(), _idle(desk.boot().session_idle_hours, role)
    return now - last_seen_at > idle or now - created_at > ABSOLUTE * idle


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _rows(statement: object) -> int:
    result = db.session.execute(statement)  # type: ignore[call-overload]
    return int(result.rowcount)
