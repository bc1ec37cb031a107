"""One ticket while its story is told: the services' own rules, without a statement for every step.

A case answers to the names of `Ticket`, so that `sla`, `states` and `tickets` keep its columns as they keep a
ticket's; what would have been written on the way is collected in `Written`.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from helpdesk_web.database import FAR
from helpdesk_web.demo import wording
from helpdesk_web.models import Channel, Ticket, TicketPriority, TicketStatus
from helpdesk_web.services import audit, chain, desk, keys, sla, states, submissions, tickets
from helpdesk_web.services.states import Event
from helpdesk_web.services.texts import Body

Row = dict[str, Any]


@dataclass(slots=True)
class Written:
    """Rows that wait for their turn to be inserted."""

    tickets: list[Row] = field(default_factory=list)
    replies: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    ratings: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    next_reply_id: int = 1
    key: tuple[str, bytes] = field(default_factory=lambda: keys.audit_key(desk.boot()))

    def take(self) -> "Written":
        """Hand over what has come together, and begin anew."""
        taken = replace(self)
        self.tickets, self.replies, self.events, self.ratings, self.visits, self.tags = ([] for _ in range(6))
        return taken


class Case:
    """A ticket on its way."""

    def __init__(
        self,
        written: Written,
        *,
        id: int,
        refid: str,
        subject: str,
        opening: Body,
        at: datetime,
        customer_id: int,
        opened_by_id: int | None,
        category_id: int,
        team_id: int | None,
        priority: TicketPriority,
        channel: Channel,
        metadata: Row,
    ) -> None:
        self.written = written
        self._ticket = cast(Ticket, self)
        self.id, self.refid, self.subject = id, refid, subject
        self.status, self.open_flag = TicketStatus.OPEN, True
        self.priority, self.channel = priority, channel
        self.customer_id, self.opened_by_id = customer_id, opened_by_id
        self.category_id, self.team_id = category_id, team_id
        self.assignee_id: int | None = None
        self.follow_up_of_id: int | None = None
        self.metadata_ = metadata
        self.version = 1
        self.created_at = self.waiting_since = self.last_activity_at = self.last_public_at = at
        self.first_response_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.reopened_at: datetime | None = None
        self.urgent_since = at if priority is TicketPriority.URGENT else None
        self.sla_due_at = self.first_response_due_at = self.queue_due_at = self.warn_at = FAR
        self.breached_at: datetime | None = None
        self.paused_at: datetime | None = None
        self.paused_seconds = 0.0
        self.audit_stream, self.audit_seq, self.audit_mac = f"ticket:{refid}", 0, ""
        self._last_public, self.preview_author_id = opening, customer_id
        self.last_reply_id = 0
        sla.promise(self._ticket)
        self._reply(customer_id, opening, at, internal=False, by_staff=False, channel=channel)
        self._record(opened_by_id, "ticket.created", at, self._facts(opening), private={"subject": subject})

    def is_open(self) -> bool:
        return self.status.is_open

    def is_urgent(self) -> bool:
        return self.priority is TicketPriority.URGENT

    def assign(self, agent_id: int, *, by: int, at: datetime) -> None:
        """See `tickets.assign`."""
        self.look_at_the_clock(at)
        if agent_id == self.assignee_id:
            return
        before, self.assignee_id = self.assignee_id, agent_id
        tickets.touch(self._ticket, at)
        self._record(by, "ticket.assigned", at, {"from": before, "to": agent_id})
        self.move(Event.ASSIGN, by=by, at=at, cause="assignment")

    def answer(
        self, author_id: int, said: Body, at: datetime, *, take: bool, then: Event | None, files: int = 0
    ) -> None:
        """See `replies.answer_customer`."""
        self._say(author_id, said, at, internal=False, by_staff=True, channel=Channel.WEB, files=files)
        sla.stop_response_clock(self._ticket, at)
        self.waiting_since = FAR
        if take:
            self.assign(author_id, by=author_id, at=at)
        if then:
            self.move(then, by=author_id, at=at, cause="reply")

    def note(self, author_id: int, said: Body, at: datetime) -> None:
        """See `replies.note`."""
        self._say(author_id, said, at, internal=True, by_staff=True, channel=Channel.WEB)

    def hear(self, said: Body, at: datetime, *, files: int = 0) -> None:
        """See `replies.hear_customer`."""
        channel = Channel.WEB if self.channel is Channel.WEB else Channel.EMAIL
        self._say(self.customer_id, said, at, internal=False, by_staff=False, channel=channel, files=files)
        self.move(Event.CUSTOMER_REPLY, by=self.customer_id, at=at, cause="customer reply")
        if self.waiting_since == FAR:
            self.waiting_since = at

    def move(self, event: Event, *, by: int | None, at: datetime, cause: str | None = None) -> None:
        """See `tickets.move`."""
        self.look_at_the_clock(at)
        before, after = self.status, states.target(self._ticket, event)
        if after is before:
            return
        self.status, self.open_flag = after, after.is_open
        tickets.stamp(self._ticket, before, after, at)
        tickets.touch(self._ticket, at, public=True)
        facts = {"from": before.value, "to": after.value, "event": event.value}
        self._record(by, "ticket.status_changed", at, facts | ({"cause": cause} if cause else {}))

    def rate(self, score: int, comment: str, at: datetime) -> None:
        """See `ratings.rate`."""
        self.version += 1
        private = {"comment": comment} if comment else None
        self._record(self.customer_id, "ticket.rated", at, {"score": score}, private=private)
        self.written.ratings.append(
            {
                "ticket_id": self.id,
                "agent_id": self.assignee_id,
                "score": score,
                "comment": comment,
                "created_at": at,
            }
        )

    def look_at_the_clock(self, at: datetime) -> None:
        """See `sweeps.record_breaches`, which the worker does every half minute."""
        if self.breached_at is None and self.is_open() and self.queue_due_at <= at:
            self.breached_at = self.sla_due_at
            self.version += 1
            seen = min(at, self.sla_due_at + timedelta(seconds=self.id % 30))
            self._record(None, "sla.breached", seen, {"due": self.sla_due_at.isoformat()})

    def seen_by(self, user_id: int) -> None:
        """Note that this person has read it all; see `visits.note`."""
        self.written.visits.append(
            {
                "user_id": user_id,
                "ticket_id": self.id,
                "seen_at": self.last_activity_at,
                "reply_id": self.last_reply_id,
            }
        )

    def tagged(self, tag_id: int) -> None:
        self.written.tags.append({"ticket_id": self.id, "tag_id": tag_id})

    def finish(self) -> None:
        """Hand over the ticket's row."""
        row = {name: getattr(self, name) for name in _COLUMNS}
        row |= {"is_open": self.open_flag, "metadata": self.metadata_, "preview": wording.excerpt(self._last_public)}
        self.written.tickets.append(row)
        del self._ticket  # a circle, which would have to be collected

    def _say(
        self,
        author_id: int,
        said: Body,
        at: datetime,
        *,
        internal: bool,
        by_staff: bool,
        channel: Channel,
        files: int = 0,
    ) -> None:
        self.look_at_the_clock(at)
        number = self._reply(author_id, said, at, internal=internal, by_staff=by_staff, channel=channel)
        tickets.touch(self._ticket, at, public=not internal)
        if not internal:
            self._last_public, self.preview_author_id = said, author_id
        facts = {"reply": number, "message": _digest(said.text), "files": files}
        self._record(author_id, "note.posted" if internal else "reply.posted", at, facts)

    def _reply(
        self, author_id: int, said: Body, at: datetime, *, internal: bool, by_staff: bool, channel: Channel
    ) -> int:
        number = self.last_reply_id = self.written.next_reply_id
        self.written.next_reply_id += 1
        self.written.replies.append(
            {
                "id": number,
                "ticket_id": self.id,
                "author_id": author_id,
                "is_internal": internal,
                "by_staff": by_staff,
                "channel": channel,
                "message": said.text,
                "message_html": said.html,
                "created_at": at,
            }
        )
        return number

    def _facts(self, opening: Body) -> Row:
        return {
            "customer": self.customer_id,
            "category": self.category_id,
            "priority": self.priority.value,
            "channel": self.channel.value,
            "message": _digest(opening.text),
        }

    def _record(self, actor: int | None, event: str, at: datetime, facts: Row, *, private: Row | None = None) -> None:
        """See `audit.record`; the facts here are plain as they are."""
        if private is not None:
            private["salt"] = secrets.token_hex(16)
            facts[chain.PRIVATE_DIGEST] = chain.digest(private)
        row: Row = {"at": at, "event": event, "actor_id": actor, "ticket_id": self.id, "facts": facts}
        row |= audit.signature(self.written.key, self.audit_stream, self.audit_seq + 1, self.audit_mac, row)
        self.audit_seq, self.audit_mac = row["seq"], row["mac"]
        row["private"] = private
        self.written.events.append(row)


@lru_cache(maxsize=4_000)
def _digest(message: str) -> str:
    return submissions.fingerprint(message)


_COLUMNS = [
    column.name
    for column in cast(Any, Ticket.__table__).columns
    if column.name not in ("is_open", "metadata", "preview")
]
