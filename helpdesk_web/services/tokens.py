"""Single-use links: hashed at rest, expiring, used up by one conditional update. Looking changes nothing."""

import hashlib
import re
import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, update
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.errors import SupportError
from helpdesk_web.models import Token, User
from helpdesk_web.services import desk


class Purpose(StrEnum):
    VERIFY = "verify"
    RESET = "reset"
    INVITE = "invite"
    SIGNIN = "signin"
    SETUP = "setup"


LIFE = {
    Purpose.VERIFY: timedelta(hours=24),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.INVITE: timedelta(days=7),
    Purpose.SIGNIN: timedelta(minutes=10),
    Purpose.SETUP: timedelta(hours=24),
}
PATHS = {
    Purpose.VERIFY: "/verify/",
    Purpose.RESET: "/password/reset/",
    Purpose.INVITE: "/invitations/",
    Purpose.SIGNIN: "/login/link/",
    Purpose.SETUP: "/setup/",
}
AN_HOUR = 3  # links an address gets within an hour because somebody typed it into a form
KEPT = timedelta(days=30)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class DeadLink(SupportError):
    """Unknown, used, replaced or too old: one answer for all."""

    def default(self) -> str:
        return _("This link no longer works.")


def issue(purpose: Purpose, user: User | None, facts: dict[str, Any] | None = None) -> str:
    """Return the address of a new link; older ones of this purpose stop working."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    use_up(user, purpose)
    db.session.add(
        Token(
            purpose=purpose,
            secret_hash=_hash(secret),
            user_id=user.id if user else None,
            facts=facts or {},
            created_at=now,
            expires_at=now + LIFE[purpose],
        )
    )
    db.session.flush()
    return f"{desk.boot().origin}{PATHS[purpose]}{secret}"


def look(purpose: Purpose, secret: str) -> Token:
    """Return the living token behind a link without using it; DeadLink when there is none."""
    if not _SECRET.fullmatch(secret):
        raise DeadLink
    found = db.session.scalars(select(Token).where(*_alive(purpose, secret))).one_or_none()
    if found is None:
        raise DeadLink
    return found


def consume(purpose: Purpose, secret: str) -> Token:
    """Use a link up and return its token; of several who try at once exactly one succeeds."""
    token = look(purpose, secret)
    if not _use(*_alive(purpose, secret)):
        raise DeadLink
    return token


def use_up(user: User | None, *purposes: Purpose) -> None:
    """Make every living link of these purposes of this person useless."""
    of_user = Token.user_id.is_(None) if user is None else Token.user_id == user.id
    _use(of_user, Token.purpose.in_(purposes), Token.used_at.is_(None))


def issue_mailed(purpose: Purpose, user: User) -> str | None:
    """Make a link for somebody who typed an address into a form; None when three left within the hour.

    The user's row is locked, so that of many who ask at once only three are served. Links that an operator
    makes do not count.
    """
    since = clock.now() - timedelta(hours=1)
    recent = db.session.scalars(select(Token.facts).where(Token.user_id == user.id, Token.created_at > since))
    if sum(facts.get("mailed", False) for facts in recent) >= AN_HOUR:
        return None
    return issue(purpose, user, {"mailed": True})


def forget_past() -> int:
    """Drop tokens that have been dead for a month, and return how many."""
    old = delete(Token).where(Token.expires_at < clock.now() - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]


def _alive(purpose: Purpose, secret: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Token.secret_hash == _hash(secret),
        Token.purpose == purpose,
        Token.used_at.is_(None),
        Token.expires_at > clock.now(),
    )


def _use(*which: ColumnElement[bool]) -> bool:
    used = update(Token).where(*which).values(used_at=clock.now())
    done = db.session.execute(used, execution_options={"synchronize_session": False})
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
