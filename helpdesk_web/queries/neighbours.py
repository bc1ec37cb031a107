"""Where a ticket stands in the queue the reader came from, and what is before and after it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select, tuple_

from helpdesk_web import clock
from helpdesk_web.models import Ticket, User
from helpdesk_web.queries import queues
from helpdesk_web.queries.cursors import AT, AT_ID
from helpdesk_web.queries.queues import QUEUES, Queue


@dataclass(frozen=True, slots=True)
class Neighbours:
    queue_slug: str
    queue_title: str
    position: int | None
    total: int | None
    prev_refid: str | None
    next_refid: str | None


def counts(queue: Queue | None, shown: Ticket, user: User) -> tuple[dict[str, Any], Neighbours | None]:
    """Every queue's number and, in the same statement, the ticket's neighbours where it came from a queue."""
    at = getattr(shown, queue.sort.key) if queue else None
    if queue is None or at is None:  # it stands in no queue, or has left this one
        return queues.counts(user), None
    facts = queues.facts(user, clock.now()) | {"at": at, "at_id": shown.id}
    counted = queues.read(_statement(user.is_supervisor, queue.slug), facts)
    return counted, _told(queue, counted)


@lru_cache(maxsize=32)
def _statement(sees_all: bool, slug: str) -> Any:
    queue = QUEUES[slug]
    here, place = tuple_(queue.sort, Ticket.id), tuple_(AT, AT_ID)
    before, after = (here > place, here < place) if queue.descending else (here < place, here > place)
    up, down = (queue.sort.asc(), Ticket.id.asc()), (queue.sort.desc(), Ticket.id.desc())
    forward, backward = (down, up) if queue.descending else (up, down)
    within = queues.within(select(Ticket.id), queue, sees_all)
    refids = queues.within(select(Ticket.refid), queue, sees_all)
    asked = {
        "before": queues.capped(within.where(before)),
        "here": queues.capped(within.where(Ticket.id == AT_ID)),
        "previous": refids.where(before).order_by(*backward).limit(1).scalar_subquery(),
        "next": refids.where(after).order_by(*forward).limit(1).scalar_subquery(),
    }
    return queues.scalars(queues.counters(sees_all) | asked)


def _told(queue: Queue, counted: dict[str, Any]) -> Neighbours:
    return Neighbours(
        queue_slug=queue.slug,
        queue_title=str(queue.title),
        position=counted["before"] + 1 if counted["here"] else None,
        total=counted.get(f"queue {queue.slug}"),
        prev_refid=counted["previous"],
        next_refid=counted["next"],
    )
