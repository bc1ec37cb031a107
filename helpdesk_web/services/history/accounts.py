"""The sentences about accounts, and about the desk itself."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from helpdesk_web.services.history.told import Told


def _about(own: Callable[[str], str], others: Callable[[str, str], str]) -> Callable[[Told], str]:
    """Tell what people do to their own account in other words than what others do to it."""
    return lambda told: own(told.subject) if told.is_own else others(told.who, told.subject)


def _role_changed(told: Told) -> str:
    return _(
        "%(who)s changed the role of %(name)s from %(before)s to %(after)s",
        who=told.who,
        name=told.subject,
        before=_role(told["from"]),
        after=_role(told["to"]),
    )


def _role(word: Any) -> str:
    words = {
        "customer": _("customer"),
        "agent": _("agent"),
        "supervisor": _("supervisor"),
        "admin": _("admin"),
    }
    return words.get(word, str(word))


def _withdrawn(told: Told) -> str:
    return _("%(who)s withdrew the invitation of %(name)s", who=told.who, name=told.subject)


def _link_made(told: Told) -> str:
    return _("%(who)s made a sign-in link for %(name)s", who=told.who, name=told.subject)


def _mended(told: Told) -> str:
    return _("%(who)s mended what was damaged: %(fault)s", who=told.who, fault=told["what"])


SENTENCES: dict[str, Callable[[Told], str]] = {
    "account.created": _about(
        lambda name: _("%(name)s got an account", name=name),
        lambda who, name: _("%(who)s made an account for %(name)s", who=who, name=name),
    ),
    "account.registered": lambda told: _("%(name)s registered", name=told.subject),
    "account.invited": lambda told: _("%(who)s invited %(name)s", who=told.who, name=told.subject),
    "account.invitation_accepted": lambda told: _("%(name)s accepted the invitation", name=told.subject),
    "account.invitation_withdrawn": _withdrawn,
    "account.verified": _about(
        lambda name: _("%(name)s confirmed the address", name=name),
        lambda who, name: _("%(who)s confirmed the address of %(name)s", who=who, name=name),
    ),
    "account.signed_in": lambda told: _("%(name)s signed in", name=told.subject),
    "account.signed_out": lambda told: _("%(name)s signed out", name=told.subject),
    "account.signed_out_everywhere": _about(
        lambda name: _("%(name)s signed out everywhere", name=name),
        lambda who, name: _("%(who)s signed %(name)s out everywhere", who=who, name=name),
    ),
    "account.session_revoked": _about(
        lambda name: _("%(name)s ended a session", name=name),
        lambda who, name: _("%(who)s ended a session of %(name)s", who=who, name=name),
    ),
    "account.renamed": _about(
        lambda name: _("%(name)s changed the name", name=name),
        lambda who, name: _("%(who)s changed the name of %(name)s", who=who, name=name),
    ),
    "account.password_changed": lambda told: _("%(name)s changed the password", name=told.subject),
    "account.role_changed": _role_changed,
    "account.deactivated": lambda told: _("%(who)s deactivated %(name)s", who=told.who, name=told.subject),
    "account.reactivated": lambda told: _("%(who)s reactivated %(name)s", who=told.who, name=told.subject),
    "account.link_made": _link_made,
    "account.link_mailed": lambda told: _("A link was mailed to %(name)s", name=told.subject),
    "setting.changed": lambda told: _("%(who)s changed the setting %(name)s", who=told.who, name=told["name"]),
    "category.created": lambda told: _("%(who)s added the category %(name)s", who=told.who, name=told["name"]),
    "ticket.mended": _mended,
    "account.mended": _mended,
    "desk.mended": _mended,
}
