"""Mails about tickets: each is read from what its reader may see at the moment it leaves.

A note cannot enter one: messages are looked up among the public ones only.
"""

from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk_web.database import db
from helpdesk_web.mail.about_accounts import greeting_name
from helpdesk_web.mail.letter import Content, Unwanted
from helpdesk_web.models import Job, Organization, Reply, Ticket, User
from helpdesk_web.services import desk


def _received(job: Job, reader: User | None) -> Content:
    ticket, customer = _ticket(job), _customer(job, reader)
    facts: dict[str, Any] = {"promise": _promise(ticket, customer), "message_html": "", "message_text": ""}
    if _is_trusted(ticket, customer):
        opening = _public(ticket).order_by(Reply.id).limit(1)
        facts |= _words(_found(db.session.scalar(opening)))
    return _content(ticket, customer, _("We have your request"), facts)


def _reply(job: Job, reader: User | None) -> Content:
    ticket, customer = _ticket(job), _customer(job, reader)
    asked_for = _public(ticket).where(Reply.id == job.args.get("reply_id"), Reply.by_staff)
    reply = _found(db.session.scalar(asked_for))
    subject = _("Reply to your ticket")
    if _is_trusted(ticket, customer):
        subject = _("Reply to your ticket: %(subject)s", subject=ticket.subject)
    files = [{"name": file.name, "size": file.size} for file in reply.attachments]
    return _content(ticket, customer, subject, {**_words(reply), "author_name": reply.author.name, "files": files})


def _oncall(job: Job, _reader: User | None) -> Content:
    """To whoever is on call now, also when that has changed since."""
    ticket, oncall = _ticket(job), desk.settings().oncall_email
    if not oncall:
        raise Unwanted("nobody is on call")
    still_waiting = bool(job.args.get("still_waiting"))
    words = _("Still waiting: %(subject)s") if still_waiting else _("Urgent: %(subject)s")
    facts = {
        "still_waiting": still_waiting,
        "waited_minutes": int(job.args.get("waited_minutes", 0)),
        "expected_resolution": ticket.sla_due_at if ticket.is_open() else None,
        "ticket": _brief(ticket),
        "url": f"{desk.boot().origin}/console/tickets/{ticket.refid}",
    }
    return Content(oncall, words % {"subject": ticket.subject}, facts, ticket.refid)


def _ticket(job: Job) -> Ticket:
    ticket = db.session.scalar(
        select(Ticket)
        .where(Ticket.id == job.ticket_id)
        .options(joinedload(Ticket.customer), joinedload(Ticket.category))
    )
    if ticket is None:
        raise Unwanted("the ticket is gone")
    return ticket


def _customer(job: Job, reader: User | None) -> User:
    """The ticket's customer of today, who must be the person the mail was written for."""
    if reader is None or not reader.active:
        raise Unwanted("the account is shut")
    if db.session.scalar(select(Ticket.customer_id).where(Ticket.id == job.ticket_id)) != reader.id:
        raise Unwanted("this person no longer takes part")
    return reader


def _is_trusted(ticket: Ticket, customer: User) -> bool:
    """Whether the ticket's words may go to this address: his own go to none that is not confirmed."""
    if customer.is_verified:
        return True
    opened_by = db.session.get(User, ticket.opened_by_id) if ticket.opened_by_id else None
    return opened_by is not None and opened_by.is_staff


def _public(ticket: Ticket) -> Any:
    return (
        select(Reply)
        .where(Reply.ticket_id == ticket.id, Reply.is_internal.is_(False))
        .options(joinedload(Reply.author), joinedload(Reply.attachments))
    )


def _found(reply: Reply | None) -> Reply:
    if reply is None:
        raise Unwanted("the message is gone")
    return reply


def _words(reply: Reply) -> dict[str, Any]:
    return {"message_html": Markup(reply.message_html), "message_text": reply.message}  # noqa: S704 (sanitised)


def _content(ticket: Ticket, customer: User, subject: str, facts: dict[str, Any]) -> Content:
    shown = ticket.subject if _is_trusted(ticket, customer) else _("Your request")
    area = "console" if customer.is_staff else "support"
    facts |= {
        "name": greeting_name(customer),
        "ticket": {"refid": ticket.refid, "subject": shown, "status": ticket.status.value},
        "url": f"{desk.boot().origin}/{area}/tickets/{ticket.refid}",
    }
    return Content(customer.email, subject, facts, ticket.refid)


def _promise(ticket: Ticket, customer: User) -> str | None:
    if not ticket.is_open() or ticket.first_response_at is not None:
        return None
    zone = ZoneInfo(customer.zone or desk.settings().time_zone)
    by = format_datetime(ticket.first_response_due_at, "d MMMM, HH:mm zzz", tzinfo=zone, locale=get_locale())
    return str(_("You will hear from us by %(moment)s.", moment=by))


def _brief(ticket: Ticket) -> dict[str, Any]:
    member_of = ticket.customer.organization_id
    organisation = db.session.get(Organization, member_of) if member_of else None
    return {
        "refid": ticket.refid,
        "subject": ticket.subject,
        "customer_name": ticket.customer.name,
        "organisation_name": organisation.name if organisation else None,
        "category_name": ticket.category.name,
        "created_at": ticket.created_at,
    }


WRITERS = {"ticket_received": _received, "reply": _reply, "oncall_alert": _oncall}
