"""How customers make an account, and how an address is proven to be theirs."""

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import User
from helpdesk_web.services import accounts, audit, desk, outbox, sessions, tokens
from helpdesk_web.services.tokens import DeadLink, Purpose


def is_open() -> bool:
    return desk.settings().registration == "open"


def register(address: str, *, name: str, password_hash: str, zone: str | None = None) -> None:
    """Make an account whose address is to be verified; a known address gets a mail instead, and no change."""
    if not is_open():
        raise NotAllowed
    known = accounts.find(address)
    user = None if known else accounts.add(address, name, password_hash=password_hash)
    if user is None:
        _greet_again(known or accounts.find(address))
        return
    user.zone = zone
    audit.record(
        user,
        user,
        "account.registered",
        {"role": user.role},
        private={"email": user.email, "name": user.name},
    )
    _mail_link(user)


def send_again(user: User) -> None:
    """Mail a new verification link, three times an hour at most."""
    person = accounts.locked(user.id)
    if person.active and not person.is_verified:
        _mail_link(person)


def look(secret: str) -> User:
    """Return whose address the link would verify; DeadLink when it would not."""
    return _waiting(tokens.look(Purpose.VERIFY, secret).user_id)


def verify(secret: str, *, viewer_id: int | None, password_hash: str | None) -> User:
    """Take the link as proof that the address is its reader's.

    A reader who is not signed in as this account sets a new password: the one that somebody set before
    the address was proven dies, and every session begun with it.
    """
    user = accounts.locked(_waiting(tokens.consume(Purpose.VERIFY, secret).user_id).id)
    if viewer_id != user.id:
        if password_hash is None:
            raise InvalidInput("", field="password")
        user.password_hash = password_hash
        sessions.end_all(user.id)
    user.verified_at = clock.now()
    tokens.use_up(user, *Purpose)
    audit.record(user, user, "account.verified", {"how": "link"})
    db.session.flush()
    return user


def _greet_again(user: User | None) -> None:
    if user is None or not user.active:
        return
    user = accounts.locked(user.id)
    if user.is_verified:
        hour = clock.now().strftime("%Y%m%d%H")
        outbox.post(
            "already_registered",
            to=user,
            args={"link": f"{desk.boot().origin}/login"},
            unique_key=f"already_registered:{user.id}:{hour}",
        )
    else:
        _mail_link(user)


def _mail_link(user: User) -> None:
    if link := tokens.issue_mailed(Purpose.VERIFY, user):
        outbox.post("verify", to=user, args={"link": link})
    db.session.flush()


def _waiting(user_id: int | None) -> User:
    user = db.session.get(User, user_id) if user_id else None
    if user is None or not user.active or user.is_verified:
        raise DeadLink
    return user
