"""Puts audit events in plain words, for a ticket's or account's history and the admins' audit page."""

from flask_babel import gettext as _

from helpdesk_web.models import AuditEvent
from helpdesk_web.services.history import accounts, tickets
from helpdesk_web.services.history.told import Names, Told, names_of

__all__ = ["SENTENCES", "Names", "names_of", "sentence"]

SENTENCES = tickets.SENTENCES | accounts.SENTENCES


def sentence(event: AuditEvent, names: Names | None = None) -> str:
    """Return the event as one sentence; with `names` (see `names_of`) it asks the database nothing."""
    told = Told(event, names or names_of([event]))
    if tell := SENTENCES.get(event.event):
        return str(tell(told))
    return str(_("%(who)s: %(event)s", who=told.who, event=event.event))
