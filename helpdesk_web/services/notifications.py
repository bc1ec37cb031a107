"""Who hears of what, by mail."""

from datetime import timedelta

from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Organization, Reply, Ticket, User
from helpdesk_web.services import desk, outbox


def ticket_received(ticket: Ticket) -> None:
    """Tell the customer that the request has arrived."""
    outbox.post("ticket_received", to=ticket.customer_id, ticket=ticket, unique_key=f"received:{ticket.id}")


def reply_posted(reply: Reply) -> None:
    """Send an agent's public answer to the customer; notes and the customer's own words go nowhere."""
    ticket = reply.ticket
    if reply.is_internal or not reply.by_staff or reply.author_id == ticket.customer_id:
        return
    outbox.post(
        "reply",
        to=ticket.customer_id,
        ticket=ticket,
        args={"reply_id": reply.id},
        unique_key=f"reply:{reply.id}",
    )


def urgent(ticket: Ticket) -> None:
    """Tell on-call of a ticket that is or has become urgent, and look again after the desk's minutes."""
    if ticket.urgent_since is None or not concerns_oncall(ticket):
        return
    wanted = desk.settings()
    since = ticket.urgent_since.isoformat()
    if wanted.oncall_at_once and wanted.oncall_email:
        outbox.post(
            "oncall_alert",
            to=wanted.oncall_email,
            ticket=ticket,
            args={"still_waiting": False},
            unique_key=f"urgent:{ticket.id}:{since}",
        )
    outbox.enqueue(
        "urgent.check",
        {"ticket_id": ticket.id, "since": since},
        run_at=ticket.urgent_since + timedelta(minutes=wanted.escalate_urgent_after_minutes),
        unique_key=f"urgent.check:{ticket.id}:{since}",
    )


def still_waiting(ticket: Ticket, minutes: int) -> None:
    """Tell on-call once that an urgent ticket has had no public answer for so long."""
    oncall = desk.settings().oncall_email
    if not oncall or ticket.urgent_since is None:
        return
    outbox.post(
        "oncall_alert",
        to=oncall,
        ticket=ticket,
        args={"still_waiting": True, "waited_minutes": minutes},
        unique_key=f"waiting:{ticket.id}:{ticket.urgent_since.isoformat()}",
    )


def concerns_oncall(ticket: Ticket) -> bool:
    """Whether on-call wants to hear of this customer's tickets at all."""
    if not desk.settings().escalate_only_high_value:
        return True
    of_customer = (
        select(Organization.high_value)
        .join(User, User.organization_id == Organization.id)
        .where(User.id == ticket.customer_id)
    )
    return bool(db.session.scalar(of_customer))
