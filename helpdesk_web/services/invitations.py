"""How staff come in: by an invitation, or, the first admin of an empty desk, by a set-up link."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import Desk, Role, Token, User
from helpdesk_web.models.types import comparable
from helpdesk_web.services import accounts, audit, desk, outbox, sessions, tokens
from helpdesk_web.services.names import clean_address, clean_name, name_from
from helpdesk_web.services.tokens import DeadLink, Purpose


@dataclass(frozen=True)
class Pending:
    """An invitation nobody has accepted yet."""

    user_id: int
    email: str
    role: Role
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Invitation:
    """What the link in someone's hands offers."""

    user: User
    role: Role
    invited_by: User | None


def invite(address: str, role: Role, *, by: User | None, name: str = "") -> str:
    """Mail an invitation and return its link. The person has no rights until it is accepted."""
    clean = clean_address(address)
    if role == Role.CUSTOMER or (by is not None and role.rank > by.role.rank):
        raise NotAllowed
    user = accounts.find(clean) or accounts.add(clean, name or name_from(clean)) or accounts.find(clean)
    assert user is not None  # if it was not there, we or another request has just added it
    user = accounts.locked(user.id)
    if not user.active:
        raise InvalidInput(_("This account is shut. Open it again first."), field="email")
    if user.role.rank >= role.rank:
        raise InvalidInput(_("This person answers here already."), field="email")
    link = tokens.issue(Purpose.INVITE, user, {"role": role, "by": by.id if by else None})
    outbox.post("invite", to=user, args={"link": link, "invited_by": by.name if by else None})
    audit.record(user, by, "account.invited", {"role": role}, private={"email": user.email})
    db.session.flush()
    return link


def look(secret: str) -> Invitation:
    """Return what the link offers; DeadLink when it offers nothing, or nothing any more."""
    return _offer(tokens.look(Purpose.INVITE, secret))


def accept(secret: str, *, name: str, password_hash: str, zone: str | None = None) -> User:
    """Give the invited person their role, name and password; older passwords and sessions die."""
    offer = _offer(tokens.consume(Purpose.INVITE, secret))
    user = accounts.locked(offer.user.id)
    before, user.role = user.role, offer.role
    _settle(user, name, password_hash)
    user.zone = user.zone or zone
    audit.record(user, user, "account.invitation_accepted", {"from": before, "to": user.role}, private={"name": name})
    db.session.flush()
    return user


def withdraw(user: User, *, by: User) -> None:
    """Make the invitation's link useless."""
    person = accounts.locked(user.id)
    tokens.use_up(person, Purpose.INVITE)
    audit.record(person, by, "account.invitation_withdrawn")
    db.session.flush()


def pending() -> list[Pending]:
    """Return the invitations that wait for an answer, the latest first."""
    rows = db.session.execute(
        select(User.id, User.email, Token.facts, Token.created_at, Token.expires_at)
        .join(User, User.id == Token.user_id)
        .where(Token.purpose == Purpose.INVITE, Token.used_at.is_(None), Token.expires_at > clock.now())
        .order_by(Token.id.desc())
        .limit(200)
    )
    return [Pending(id, email, Role(facts["role"]), sent, ends) for id, email, facts, sent, ends in rows]


def setup_link() -> str | None:
    """Return a link that makes the first admin; None once there is one."""
    return None if accounts.has_admin() else tokens.issue(Purpose.SETUP, None)


def look_setup(secret: str) -> None:
    """Raise DeadLink unless the link can make the first admin."""
    tokens.look(Purpose.SETUP, secret)
    if accounts.has_admin():
        raise DeadLink


def set_up(secret: str, address: str, *, name: str, password_hash: str, about_desk: dict[str, str]) -> User:
    """Make the first admin and give the desk its name and zone."""
    db.session.scalars(select(Desk).with_for_update()).all()  # two links at once: the second finds an admin
    look_setup(secret)
    tokens.consume(Purpose.SETUP, secret)
    clean = clean_address(address)
    user = accounts.find(clean) or accounts.add(clean, name)
    if user is None:
        raise DeadLink
    user = accounts.locked(user.id)
    user.role, user.active = Role.ADMIN, True
    _settle(user, name, password_hash)
    user.zone = about_desk.get("time_zone")
    audit.record(user, user, "account.created", {"role": user.role}, private={"email": clean, "name": user.name})
    for setting, value in about_desk.items():
        if setting not in desk.boot().set_here() and value != getattr(desk.settings(), setting):
            desk.change(setting, value, by=user)
    db.session.flush()
    return user


def _settle(user: User, name: str, password_hash: str) -> None:
    user.name = clean_name(name)
    user.name_key = comparable(user.name)
    user.password_hash = password_hash
    user.verified_at = user.verified_at or clock.now()
    sessions.end_all(user.id)
    tokens.use_up(user, *Purpose)


def _offer(token: Token) -> Invitation:
    """The inviter must still be able to give the role: an old link is worth no more than its writer."""
    user = db.session.get(User, token.user_id) if token.user_id else None
    inviter_id = token.facts.get("by")
    inviter = db.session.get(User, inviter_id) if inviter_id else None
    role = Role(token.facts["role"])
    if user is None or not user.active or user.role.rank >= role.rank:
        raise DeadLink
    if inviter_id and (inviter is None or not inviter.active or inviter.role.rank < role.rank):
        raise DeadLink
    return Invitation(user, role, inviter)
