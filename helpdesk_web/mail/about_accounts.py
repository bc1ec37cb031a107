"""Mails about accounts: secret links, and news for the account's owner only."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from helpdesk_web.mail.letter import Content, Unwanted
from helpdesk_web.models import Job, User
from helpdesk_web.models.job import LINK_MAIL
from helpdesk_web.services import desk, mailed_links


def greeting_name(reader: User) -> str:
    """The name a stranger typed with an address that nobody confirmed is not sent to that address."""
    return reader.name if reader.is_verified else reader.email


def _link(job: Job, reader: User | None) -> Content:
    """A link goes only to the address it was made for, and only while it works."""
    owner, token = _owner(reader), mailed_links.token_in(job.args)
    if token is None or token.user_id != owner.id:
        raise Unwanted("the link is no longer valid")
    if owner.email != job.recipient:
        raise Unwanted("the account has another address now")
    hours = (token.expires_at - token.created_at) // timedelta(hours=1)
    return _content(job, owner, hours=hours or None, invited_by=job.args.get("invited_by"))


def _news(job: Job, reader: User | None) -> Content:
    return _content(job, _owner(reader))


def _owner(reader: User | None) -> User:
    if reader is None or not reader.active:
        raise Unwanted("the account is shut")
    return reader


def _content(job: Job, owner: User, **facts: Any) -> Content:
    link = job.args.get("link", "")
    facts |= {"name": greeting_name(owner), "url": link, "link": link}
    return Content(owner.email, subject(job.template or ""), facts)


def subject(template: str) -> str:
    """The subject of a mail about an account."""
    desk_name = desk.settings().desk_name
    subjects: dict[str, str] = {
        "verify": _("Confirm your address"),
        "reset": _("Choose a new password"),
        "signin": _("Your link to sign in"),
        "invite": _("You are invited to %(desk)s", desk=desk_name),
        "password_changed": _("Your password was changed"),
        "already_registered": _("You have an account at %(desk)s", desk=desk_name),
    }
    return subjects[template]


WRITERS = {
    **dict.fromkeys(LINK_MAIL, _link),
    "password_changed": _news,
    "already_registered": _news,
}
