"""The words people read for the desk's closed lists."""

from flask_babel import gettext as _

from helpdesk_web.models import Channel, TicketPriority, TicketStatus


def priority_words() -> dict[TicketPriority, str]:
    return {
        TicketPriority.LOW: _("Low"),
        TicketPriority.MEDIUM: _("Medium"),
        TicketPriority.HIGH: _("High"),
        TicketPriority.URGENT: _("Urgent"),
    }


def status_words() -> dict[TicketStatus, str]:
    """States as staff read them; customers' words are in queries/portal.py."""
    return {
        TicketStatus.OPEN: _("Open"),
        TicketStatus.IN_PROGRESS: _("In progress"),
        TicketStatus.PENDING: _("Waiting"),
        TicketStatus.RESOLVED: _("Resolved"),
        TicketStatus.CLOSED: _("Closed"),
    }


def channel_words() -> dict[Channel, str]:
    return {Channel.WEB: _("Web"), Channel.EMAIL: _("Mail"), Channel.PHONE: _("Phone")}
