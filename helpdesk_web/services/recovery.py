"""New passwords, for those who know the old one and for those who have only the mailbox."""

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.models import User
from helpdesk_web.services import accounts, audit, desk, outbox, sessions, tokens
from helpdesk_web.services.names import clean_address
from helpdesk_web.services.tokens import DeadLink, Purpose

MAIL_LINK = "account.mail_link"  # the job's kind


def request_reset(address: str) -> None:
    """Have a link mailed to choose a new password. Known or not, the same row is written."""
    outbox.enqueue(MAIL_LINK, {"address": clean_address(address), "purpose": Purpose.RESET})


def request_signin(address: str) -> None:
    """Have a link mailed that signs in, under the same silence."""
    outbox.enqueue(MAIL_LINK, {"address": clean_address(address), "purpose": Purpose.SIGNIN})


def mail_link(address: str, purpose: Purpose) -> None:
    """The worker's part: mail the link if there is an account, three an hour at most.

    Who was never verified is asked to verify, which sets a new password: a link that only signs in would
    leave alive a password somebody else may have set.
    """
    known = accounts.find(address)
    user = accounts.locked(known.id) if known else None
    if user is None or not user.active:
        return
    if purpose == Purpose.SIGNIN and not user.is_verified:
        purpose = Purpose.VERIFY
    if link := tokens.issue_mailed(purpose, user):
        outbox.post(purpose, to=user, args={"link": link})
        audit.record(user, None, "account.link_mailed", {"purpose": purpose})
    db.session.flush()


def look(secret: str) -> User:
    """Return whose password the link would replace; DeadLink when it would not."""
    return _reachable(tokens.look(Purpose.RESET, secret).user_id)


def reset_password(secret: str, password_hash: str) -> User:
    """Replace the password: the mailbox is proven, the old password, its sessions and all links die."""
    user = _reachable(tokens.consume(Purpose.RESET, secret).user_id)
    user = accounts.locked(user.id)
    user.verified_at = user.verified_at or clock.now()
    _set_password(user, password_hash)
    sessions.end_all(user.id)
    return user


def change_password(user: User, password_hash: str, *, seen_hash: str | None, session_id: int) -> str | None:
    """Replace the password and return the session's new secret; every other session ends.

    None when the password was changed by someone else since `seen_hash` was checked.
    """
    person = accounts.locked(user.id)
    if person.password_hash != seen_hash:
        return None
    _set_password(person, password_hash)
    sessions.end_all(person.id, but=session_id)
    return sessions.renew(session_id)


def look_signin(secret: str) -> User:
    """Return whom the link would sign in; DeadLink when it would not."""
    return _reachable(tokens.look(Purpose.SIGNIN, secret).user_id)


def sign_in_by_link(secret: str, *, user_agent: str, address: str) -> tuple[User, str]:
    """Use the link up and return whom it signed in, with the session's secret."""
    user = _reachable(tokens.consume(Purpose.SIGNIN, secret).user_id)
    begun = accounts.sign_in(user.id, seen_hash=user.password_hash, user_agent=user_agent, address=address)
    if begun is None:
        raise DeadLink
    return user, begun


def _set_password(user: User, password_hash: str) -> None:
    user.password_hash = password_hash
    tokens.use_up(user, Purpose.RESET, Purpose.SIGNIN, Purpose.INVITE)
    if user.is_verified:
        tokens.use_up(user, Purpose.VERIFY)
    audit.record(user, user, "account.password_changed")
    outbox.post("password_changed", to=user, args={"link": f"{desk.boot().origin}/password/reset"})
    db.session.flush()


def _reachable(user_id: int | None) -> User:
    user = db.session.get(User, user_id) if user_id else None
    if user is None or not user.active:
        raise DeadLink
    return user
