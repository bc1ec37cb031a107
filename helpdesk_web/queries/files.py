"""Which file an address means, for this reader."""

from sqlalchemy import select, true

from helpdesk_web.database import db
from helpdesk_web.models import Attachment, Reply, Ticket, User
from helpdesk_web.permissions import visible_tickets


def attachment(user: User, key: str) -> Attachment | None:
    """The file with this key, when the person may see the message it belongs to: a note's file is as hidden
    as the note."""
    said_to_reader = true() if user.is_staff else Reply.is_internal.is_(False)
    return db.session.scalar(
        select(Attachment)
        .join(Reply, Reply.id == Attachment.reply_id)
        .join(Ticket, Ticket.id == Reply.ticket_id)
        .where(Attachment.key == key, said_to_reader, visible_tickets(user))
    )
