"""The sentences of a ticket's history."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from helpdesk_web.services.history.told import Told


def _created(told: Told) -> str:
    if told["follow_up_of"]:
        return _("%(who)s opened it as a follow-up of a closed request", who=told.who)
    if told.acted_on("customer") or not told["customer"]:
        return _("%(who)s opened it", who=told.who)
    return _("%(who)s opened it for %(customer)s", who=told.who, customer=told.person("customer"))


def _assigned(told: Told) -> str:
    if told.acted_on("to"):
        return _("%(who)s took it", who=told.who)
    return _("%(who)s gave it to %(agent)s", who=told.who, agent=told.person("to"))


def _unassigned(told: Told) -> str:
    if told.acted_on("from"):
        return _("%(who)s put it back for others", who=told.who)
    return _("%(who)s took it off %(agent)s", who=told.who, agent=told.person("from"))


def _status_changed(told: Told) -> str:
    before, after, cause = told["from"], told["to"], told["cause"]
    if before in ("resolved", "closed") and after not in ("resolved", "closed"):
        by_answer = _("%(who)s answered, which reopened it", who=told.who)
        return by_answer if cause == "customer reply" else _("%(who)s reopened it", who=told.who)
    if before == "pending" and after in ("open", "in_progress"):
        by_answer = _("%(who)s answered, the clock runs again", who=told.who)
        return by_answer if cause == "customer reply" else _("%(who)s stopped waiting", who=told.who)
    if after == "pending" and cause == "reply":
        return _("Waiting for the customer, the clock stands still")
    if after == "closed" and told.event.actor_id is None:
        return _("It closed by itself, nothing more was said")
    sentences = {
        "resolved": _("%(who)s resolved it", who=told.who),
        "closed": _("%(who)s closed it", who=told.who),
        "pending": _("%(who)s set it to wait for the customer", who=told.who),
        "in_progress": _("%(who)s put it in progress", who=told.who),
        "open": _("%(who)s put it back to open", who=told.who),
    }
    return sentences.get(after) or _("%(who)s changed its state", who=told.who)


def _priority_changed(told: Told) -> str:
    return _(
        "Priority changed from %(before)s to %(after)s by %(who)s",
        before=_priority(told["from"]),
        after=_priority(told["to"]),
        who=told.who,
    )


def _priority(word: Any) -> str:
    words = {"low": _("Low"), "medium": _("Medium"), "high": _("High"), "urgent": _("Urgent")}
    return words.get(word, str(word))


def _category_changed(told: Told) -> str:
    return _(
        "Category changed from %(before)s to %(after)s by %(who)s",
        before=told.category("from"),
        after=told.category("to"),
        who=told.who,
    )


def _team_changed(told: Told) -> str:
    return _(
        "Team changed from %(before)s to %(after)s by %(who)s",
        before=told.team("from"),
        after=told.team("to"),
        who=told.who,
    )


def _follow_up(told: Told) -> str:
    return _("%(who)s wrote again, which opened the follow-up %(ref)s", who=told.who, ref=told["ticket"])


def _rated(told: Told) -> str:
    return _("%(who)s rated the help %(score)s of 5", who=told.who, score=told["score"])


SENTENCES: dict[str, Callable[[Told], str]] = {
    "ticket.created": _created,
    "ticket.assigned": _assigned,
    "ticket.unassigned": _unassigned,
    "ticket.status_changed": _status_changed,
    "ticket.priority_changed": _priority_changed,
    "ticket.category_changed": _category_changed,
    "ticket.team_changed": _team_changed,
    "ticket.follow_up": _follow_up,
    "ticket.rated": _rated,
    "reply.posted": lambda told: _("%(who)s replied", who=told.who),
    "note.posted": lambda told: _("%(who)s added an internal note", who=told.who),
    "mail.not_sent": lambda _told: _("A mail about this ticket could not be delivered"),
    "sla.breached": lambda _told: _("The promised time passed"),
    "sla.urgent_escalation": lambda _told: _("Urgent and still unanswered: on-call was told"),
}
