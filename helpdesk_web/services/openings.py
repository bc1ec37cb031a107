"""A new ticket: checked and rendered before the write lock is taken, opened once, within the hourly rule."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from helpdesk_web import clock, events
from helpdesk_web.database import db, lock_by_id
from helpdesk_web.errors import InvalidInput, ReferenceIdExists
from helpdesk_web.models import Category, Channel, Reply, Ticket, TicketPriority, TicketStatus, User
from helpdesk_web.services import (
    audit,
    categories,
    desk,
    notifications,
    rate_limiter,
    refids,
    sla,
    submissions,
    texts,
    vault,
)
from helpdesk_web.services.tickets import find, priority_of

MAX_METADATA_KEYS = 50
MAX_METADATA_BYTES = 16 * 1024
REFERENCE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A ticket to be: checked and rendered before the write lock is taken."""

    customer_id: int
    author_id: int | None  # who opens it; the system when None
    category_id: int
    subject: str
    body: texts.Body
    priority: TicketPriority | None = None
    channel: Channel = Channel.WEB
    metadata: dict[str, Any] = field(default_factory=dict)
    files: Sequence[vault.StoredFile] = ()
    submission: str | None = None
    follow_up_of_id: int | None = None

    def for_customer(self, customer_id: int) -> "Request":
        return replace(self, customer_id=customer_id)

    @property
    def fingerprint(self) -> str:
        return submissions.fingerprint(
            "ticket", self.customer_id, self.category_id, self.subject, self.body.text, self.priority
        )


def request(
    *,
    customer_id: int,
    author_id: int | None,
    category: Category | int | str | None,
    subject: object,
    description: object,
    priority: TicketPriority | str | None = None,
    channel: Channel | str = Channel.WEB,
    metadata: object = None,
    files: Sequence[vault.StoredFile] = (),
    submission: str | None = None,
    follow_up_of_id: int | None = None,
) -> Request:
    """Check what was given and render it; InvalidInput names the wrong field, CategoryNotFound the category."""
    return Request(
        customer_id=customer_id,
        author_id=author_id,
        category_id=categories.find(category, active_only=True).id,
        subject=texts.one_line(subject, field="subject", limit=texts.MAX_SUBJECT),
        body=texts.body(description, field="description"),
        priority=priority_of(priority) if priority is not None else None,
        channel=channel_of(channel),
        metadata=_checked_metadata(metadata),
        files=files,
        submission=submission,
        follow_up_of_id=follow_up_of_id,
    )


def open_ticket(asked: Request) -> Ticket:
    """Open a ticket: at most `rate_limit.limit` an hour a customer, each submission once."""
    author = _locked_person(asked.author_id)
    customer = author if author and author.id == asked.customer_id else _locked_person(asked.customer_id)
    if customer is None or not customer.is_active:
        raise InvalidInput(_("That customer does not exist."), "customer")
    if author and (earlier := submissions.result(author, asked.submission, asked.fingerprint)):
        return find(earlier) or _gone()
    if author is None or not author.is_staff:
        rate_limiter.enforce(customer)
    ticket, opening = _write(asked, customer)
    vault.attach(opening, author or customer, list(asked.files))
    audit.record(ticket, author, "ticket.created", _facts(ticket, asked), private=_private(asked))
    if author:
        submissions.remember(author, asked.submission, asked.fingerprint, ticket.refid)
    notifications.ticket_received(ticket)
    if ticket.is_urgent():
        notifications.urgent(ticket)
    events.later(events.TicketCreated, ticket_id=ticket.id)
    db.session.flush()
    return ticket


def channel_of(channel: Channel | str) -> Channel:
    try:
        return Channel(channel)
    except ValueError as error:
        raise InvalidInput(_("That channel does not exist."), "channel") from error


def _write(asked: Request, customer: User) -> tuple[Ticket, Reply]:
    """Insert the ticket under a free reference; each try is a savepoint of its own."""
    now = clock.now()
    for _try in range(REFERENCE_TRIES):
        ticket = _new_ticket(asked, customer, refids.new(), now)
        try:
            with db.session.begin_nested():
                db.session.add(ticket)
                db.session.flush()
        except IntegrityError:
            continue
        return ticket, _opening(ticket, asked, customer, now)
    raise ReferenceIdExists


def _new_ticket(asked: Request, customer: User, refid: str, now: datetime) -> Ticket:
    category = categories.find(asked.category_id)
    ticket = Ticket(
        refid=refid,
        subject=asked.subject,
        status=TicketStatus.OPEN,
        open_flag=True,
        priority=asked.priority or TicketPriority(desk.settings().default_priority),
        channel=asked.channel,
        customer_id=customer.id,
        opened_by_id=asked.author_id,
        category_id=category.id,
        team_id=category.team_id,
        follow_up_of_id=asked.follow_up_of_id,
        metadata_=asked.metadata,
        version=1,
        created_at=now,
        paused_seconds=0.0,
        waiting_since=now,
        last_activity_at=now,
        last_public_at=now,
        preview=asked.body.excerpt,
        preview_author_id=customer.id,
        audit_seq=0,
        audit_mac="",
    )
    ticket.urgent_since = now if ticket.is_urgent() else None
    sla.promise(ticket)
    return ticket


def _opening(ticket: Ticket, asked: Request, customer: User, now: datetime) -> Reply:
    """The first message speaks for the customer, also when an agent typed it in."""
    opening = Reply(
        ticket_id=ticket.id,
        author_id=customer.id,
        is_internal=False,
        by_staff=False,
        channel=asked.channel,
        message=asked.body.text,
        message_html=asked.body.html,
        created_at=now,
    )
    db.session.add(opening)
    db.session.flush()
    return opening


def _facts(ticket: Ticket, asked: Request) -> dict[str, Any]:
    return {
        "customer": ticket.customer_id,
        "category": ticket.category_id,
        **({"team": ticket.team_id} if ticket.team_id else {}),
        "priority": ticket.priority.value,
        "channel": ticket.channel.value,
        **({"follow_up_of": ticket.follow_up_of_id} if ticket.follow_up_of_id else {}),
    }


def _private(asked: Request) -> dict[str, str]:
    """What erasure empties; the salted digest of it stays in the chain."""
    return {"subject": asked.subject, "message": submissions.fingerprint(asked.body.text)}


def _locked_person(user_id: int | None) -> User | None:
    return lock_by_id(User, user_id) if user_id is not None else None


def _gone() -> Ticket:
    raise ReferenceIdExists(_("What this form made is no longer there."))


def _checked_metadata(metadata: object) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or not all(isinstance(key, str) for key in metadata):
        raise InvalidInput(_("Details must be names with values."), "metadata")
    try:
        size = len(json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(_("Details must be plain values."), "metadata") from error
    if len(metadata) > MAX_METADATA_KEYS or size > MAX_METADATA_BYTES:
        raise InvalidInput(_("Too many details: at most 50 names and 16 kB."), "metadata")
    if "\\u0000" in json.dumps(metadata):
        raise InvalidInput(_("Details contain a character that cannot be stored."), "metadata")
    return metadata
