"""Accounts: who is known to the desk, in which role, and whether they may come in."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import exists, or_, select
from sqlalchemy.exc import IntegrityError

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import Role, User
from helpdesk_web.models.types import comparable
from helpdesk_web.services import audit, sessions, tokens
from helpdesk_web.services.names import clean_address, clean_name, name_from
from helpdesk_web.services.tokens import Purpose


def find(address: str) -> User | None:
    """Return the account of an address, however its letters are cased."""
    if "\0" in address:
        return None
    return db.session.scalars(select(User).where(User.email_key == comparable(address))).one_or_none()


def locked(user_id: int) -> User:
    """Return the account as it is now, and keep it so until the transaction ends."""
    return db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)


def create_user(
    email: str,
    *,
    role: Role = Role.CUSTOMER,
    password_hash: str | None = None,
    name: str = "",
    by: User | None = None,
) -> User:
    """Make an account for someone whose address the maker vouches for."""
    address = clean_address(email)
    user = add(address, name or name_from(address), role=role, password_hash=password_hash)
    if user is None:
        raise InvalidInput(_("There is an account with this address already."), field="email")
    user.verified_at = clock.now()
    _record_creation(user, by, "account.created")
    return user


def find_or_create_customer(address: str, name: str = "", *, by: User | None = None) -> User:
    """Return whom staff mean when they open a ticket for this address, known to the desk or not."""
    clean = clean_address(address)
    known = find(clean)
    made = None if known else add(clean, name or name_from(clean))
    if made is None:
        return known or db.session.scalars(select(User).where(User.email_key == comparable(clean))).one()
    _record_creation(made, by, "account.created")
    return made


def add(address: str, name: str, *, role: Role = Role.CUSTOMER, password_hash: str | None = None) -> User | None:
    """Insert an account, or return None when another request was first with this address."""
    clean = clean_name(name)
    user = User(
        role=role,
        name=clean,
        name_key=comparable(clean),
        email=address,
        email_key=comparable(address),
        password_hash=password_hash,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
            db.session.flush()
    except IntegrityError:
        return None
    return user


def sign_in(
    user_id: int, *, seen_hash: str | None, user_agent: str, address: str, rehashed: str | None = None
) -> str | None:
    """Begin a session and return its secret; None if password or account changed since they were checked."""
    user = locked(user_id)
    if not user.active or user.password_hash != seen_hash:
        return None
    if rehashed:
        user.password_hash = rehashed
    secret = sessions.begin(user, user_agent=user_agent, address=address)
    audit.record(user, user, "account.signed_in", {}, private={"address": address, "user_agent": user_agent[:300]})
    db.session.flush()
    return secret


def sign_out(user_id: int, session_id: int) -> bool:
    """End one session; False when this person has no such session."""
    ended = sessions.end(session_id, of=user_id)
    if ended:
        user = locked(user_id)
        audit.record(user, user, "account.signed_out")
        db.session.flush()
    return ended


def sign_out_everywhere(user: User, *, by: User, but: int | None = None) -> int:
    """End a person's sessions, but the one given, and return how many there were."""
    person = locked(user.id)
    _require_rank(by, person.role)
    ended = sessions.end_all(person.id, but=but)
    if ended:
        audit.record(person, by, "account.signed_out_everywhere", {"sessions": ended})
        db.session.flush()
    return ended


def change_profile(user: User, *, name: str, zone: str | None, language: str | None, theme: str) -> None:
    """Store what people may say about themselves."""
    person = locked(user.id)
    before, person.name = person.name, clean_name(name)
    person.name_key = comparable(person.name)
    person.zone, person.language, person.theme = zone, language, theme
    if before != person.name:
        audit.record(person, person, "account.renamed", {}, private={"from": before, "to": person.name})
    db.session.flush()


def confirm_address(user: User, *, by: User | None) -> None:
    """Let an admin vouch that the address is the person's."""
    person = locked(user.id)
    _require_rank(by, person.role)
    if person.is_verified:
        return
    person.verified_at = clock.now()
    tokens.use_up(person, Purpose.VERIFY)
    audit.record(person, by, "account.verified", {"how": "admin"})
    db.session.flush()


def change_role(user: User, role: Role, *, by: User | None) -> None:
    """Give a person another role. Nobody raises above, or acts on, a rank higher than their own."""
    person = _locked_with_admins(user)
    _require_rank(by, person.role, role)
    if person.role == role:
        return
    _keep_an_admin(person)
    before, person.role = person.role, role
    sessions.end_all(person.id)
    audit.record(person, by, "account.role_changed", {"from": before, "to": role})
    db.session.flush()


def deactivate(user: User, *, by: User | None) -> None:
    """Shut an account: its sessions and links die at once, its tickets stay."""
    person = _locked_with_admins(user)
    _require_rank(by, person.role)
    if not person.active:
        return
    _keep_an_admin(person)
    person.active = False
    sessions.end_all(person.id)
    tokens.use_up(person, *Purpose)
    audit.record(person, by, "account.deactivated")
    db.session.flush()


def reactivate(user: User, *, by: User | None) -> None:
    """Let a person in again who was shut out."""
    person = locked(user.id)
    _require_rank(by, person.role)
    if person.active:
        return
    person.active = True
    audit.record(person, by, "account.reactivated")
    db.session.flush()


def signin_link(user: User, *, by: User | None = None) -> str:
    """Return a link that signs this person in once, within ten minutes."""
    person = locked(user.id)
    _require_rank(by, person.role)
    if not person.active:
        raise NotAllowed(_("This account is shut."))
    link = tokens.issue(Purpose.SIGNIN, person)
    audit.record(person, by, "account.link_made", {"purpose": "signin"})
    db.session.flush()
    return link


def has_admin() -> bool:
    return bool(db.session.scalar(select(exists().where(User.role == Role.ADMIN, User.active))))


def _record_creation(user: User, by: User | None, event: str) -> None:
    audit.record(user, by, event, {"role": user.role}, private={"email": user.email, "name": user.name})
    db.session.flush()


def _require_rank(by: User | None, *roles: Role) -> None:
    """The system (None) may do everything; a person nothing to or with a rank above their own."""
    if by is not None and any(role.rank > by.role.rank for role in roles):
        raise NotAllowed


def _locked_with_admins(user: User) -> User:
    """Lock the person and all admins in one order, so that two of them cannot remove each other."""
    people: Sequence[User] = db.session.scalars(
        select(User)
        .where(or_(User.id == user.id, User.role == Role.ADMIN))
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return next(person for person in people if person.id == user.id)


def _keep_an_admin(leaving: User) -> None:
    others = exists().where(User.role == Role.ADMIN, User.active, User.id != leaving.id)
    if leaving.is_admin and leaving.active and not db.session.scalar(select(others)):
        raise NotAllowed(_("A desk needs at least one admin."))
