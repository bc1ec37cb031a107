"""What is said on a ticket: answers, notes, and the customer's word."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk_web import events
from helpdesk_web.database import FAR, db, lock
from helpdesk_web.errors import InvalidInput, NotAllowed, Stale
from helpdesk_web.models import Channel, Reply, Ticket, User
from helpdesk_web.services import audit, notifications, openings, sla, states, submissions, texts, tickets, vault
from helpdesk_web.services.states import Event

THEN = {"pending": Event.WAIT, "resolved": Event.RESOLVE, "closed": Event.CLOSE}


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be: checked and rendered before the write lock is taken."""

    body: texts.Body
    files: Sequence[vault.StoredFile] = ()
    submission: str | None = None
    channel: Channel = Channel.WEB
    seen: int | None = None  # the last message the writer was shown; None: no check

    @property
    def digest(self) -> str:
        return submissions.fingerprint(self.body.text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a customer's word: a reply, or a follow-up ticket that it opened."""

    ticket: Ticket
    reply: Reply | None


def answer_customer(
    ticket: Ticket,
    *,
    author: User,
    message: Message,
    then: str | None = None,
    take_for: int | None = None,
) -> Reply:
    """Send a public reply of staff and stop the response clock.

    `take_for` gives the ticket to that agent, `then` moves it on (pending, resolved, closed). The same
    submission twice is the first reply.
    """
    _require_staff(author)
    lock(ticket)
    print_ = _fingerprint(ticket, message, internal=False)
    if earlier := _earlier(author, message, print_):
        return earlier
    _require_seen(ticket, author, message)
    states.target(ticket, Event.PUBLIC_REPLY)  # a closed ticket must be reopened first
    event = _then(then)
    reply = _say(ticket, author, message, internal=False)
    sla.stop_response_clock(ticket, at=reply.created_at)
    ticket.waiting_since = FAR
    if take_for is not None:
        tickets.assign(ticket, take_for, by=author)
    if event:
        tickets.move(ticket, event, by=author, cause="reply")
    notifications.reply_posted(reply)
    return _remembered(author, message, print_, reply)


def note(
    ticket: Ticket, *, author: User, message: Message, then: str | None = None, take_for: int | None = None
) -> Reply:
    """Write an internal note: staff see it, nothing of it moves in the customer's world."""
    _require_staff(author)
    lock(ticket)
    print_ = _fingerprint(ticket, message, internal=True)
    if earlier := _earlier(author, message, print_):
        return earlier
    _require_seen(ticket, author, message)
    event = _then(then)
    reply = _say(ticket, author, message, internal=True)
    if take_for is not None:
        tickets.assign(ticket, take_for, by=author)
    if event:
        tickets.move(ticket, event, by=author, cause="note")
    return _remembered(author, message, print_, reply)


def hear_customer(ticket: Ticket, *, author: User, message: Message) -> Outcome:
    """Take the customer's word: it wakes a waiting or resolved ticket, and opens a follow-up of one long closed."""
    _require_active(author)
    lock(ticket)
    print_ = _fingerprint(ticket, message, internal=False)
    if earlier := submissions.result(author, message.submission, print_):
        return _earlier_outcome(ticket, earlier)
    _require_seen(ticket, author, message)
    if ticket.is_closed() and not tickets.reopens_on_reply(ticket):
        follow_up = _follow_up(ticket, author, message)
        submissions.remember(author, message.submission, print_, f"ticket:{follow_up.refid}")
        db.session.flush()
        return Outcome(follow_up, None)
    reply = _say(ticket, author, message, internal=False)
    tickets.move(ticket, Event.CUSTOMER_REPLY, by=author, cause="customer reply")
    if ticket.waiting_since == FAR:
        ticket.waiting_since = reply.created_at
    return Outcome(ticket, _remembered(author, message, print_, reply))


def said_before(ticket: Ticket, *, author: User, message: Message, internal: bool = False) -> str | None:
    """What this very form led to before, so that no other check refuses a second click."""
    return submissions.result(author, message.submission, _fingerprint(ticket, message, internal=internal))


def _say(ticket: Ticket, author: User, message: Message, *, internal: bool) -> Reply:
    reply = Reply(
        ticket_id=ticket.id,
        author_id=author.id,
        is_internal=internal,
        by_staff=author.is_staff,
        channel=message.channel,
        message=message.body.text,
        message_html=message.body.html,
        created_at=tickets.moment_for(ticket),
    )
    db.session.add(reply)
    db.session.flush()  # the reply needs its id below
    vault.attach(reply, author, list(message.files))
    tickets.touch(ticket, reply.created_at, public=not internal)
    if not internal:
        ticket.preview, ticket.preview_author_id = message.body.excerpt, author.id
    name = "note.posted" if internal else "reply.posted"
    facts = {"reply": reply.id, "files": len(message.files)}
    audit.record(ticket, author, name, facts, private={"message": message.digest})
    events.later(events.TicketReplied, ticket_id=ticket.id, reply_id=reply.id, is_internal=internal)
    return reply


def _follow_up(ticket: Ticket, author: User, message: Message) -> Ticket:
    follow_up = openings.open_ticket(
        openings.Request(
            customer_id=ticket.customer_id,
            author_id=author.id,
            category_id=ticket.category_id,
            subject=ticket.subject,
            body=message.body,
            channel=message.channel,
            files=message.files,
            follow_up_of_id=ticket.id,
        )
    )
    audit.record(ticket, author, "ticket.follow_up", {"ticket": follow_up.refid})
    return follow_up


def _remembered(author: User, message: Message, print_: str, reply: Reply) -> Reply:
    submissions.remember(author, message.submission, print_, f"reply:{reply.id}")
    db.session.flush()
    return reply


def _earlier(author: User, message: Message, print_: str) -> Reply | None:
    result = submissions.result(author, message.submission, print_)
    return db.session.get(Reply, int(result.removeprefix("reply:"))) if result else None


def _earlier_outcome(ticket: Ticket, result: str) -> Outcome:
    kind, _colon, name = result.partition(":")
    if kind == "ticket":
        return Outcome(tickets.find(name) or ticket, None)
    return Outcome(ticket, db.session.scalar(select(Reply).where(Reply.id == int(name))))


def _fingerprint(ticket: Ticket, message: Message, *, internal: bool) -> str:
    return submissions.fingerprint("reply", ticket.id, internal, message.body.text)


def _then(then: str | None) -> Event | None:
    if not then:
        return None
    if then not in THEN:
        raise InvalidInput(_("That next step does not exist."), "then")
    return THEN[then]


def _require_seen(ticket: Ticket, author: User, message: Message) -> None:
    """Raise Stale when somebody else has written since the message the writer was shown last; under the lock."""
    if message.seen is None:
        return
    newer = select(Reply.id).where(Reply.ticket_id == ticket.id, Reply.id > message.seen, Reply.author_id != author.id)
    if not author.is_staff:  # what customers cannot see cannot stop them
        newer = newer.where(Reply.is_internal.is_(False))
    if db.session.scalar(newer.limit(1)) is not None:
        raise Stale(_("There is a new message. Please read it first."))


def _require_active(author: User) -> None:
    if not author.is_active:
        raise NotAllowed(_("This account is shut."))


def _require_staff(author: User) -> None:
    _require_active(author)
    if not author.is_staff:
        raise NotAllowed(_("Only staff can do that."))
