"""Where a ticket stands in the queue the reader came from, and what is before and after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from helpdesk_web.models import Ticket, User
from helpdesk_web.queries import queues
from helpdesk_web.queries.queues import Queue


@dataclass(frozen=True, slots=True)
class Neighbours:
    queue_slug: str
    queue_title: str
    position: int | None
    total: int | None
    prev_refid: str | None
    next_refid: str | None


def asked(queue: Queue, shown: Ticket, user: User, now: datetime) -> dict[str, Any]:
    """Scalars for `queues.counts`: one statement reads them with all counts."""
    at = getattr(shown, queue.sort.key)
    if at is None:  # it has left the queue
        return {}
    here, place = tuple_(queue.sort, Ticket.id), tuple_(at, shown.id)
    before, after = (here > place, here < place) if queue.descending else (here < place, here > place)
    up, down = (queue.sort.asc(), Ticket.id.asc()), (queue.sort.desc(), Ticket.id.desc())
    forward, backward = (down, up) if queue.descending else (up, down)
    within = queues.within(select(Ticket.id), queue, user, now)
    refids = queues.within(select(Ticket.refid), queue, user, now)
    return {
        "before": queues.capped(within.where(before)),
        "here": queues.capped(within.where(Ticket.id == shown.id)),
        "previous": refids.where(before).order_by(*backward).limit(1).scalar_subquery(),
        "next": refids.where(after).order_by(*forward).limit(1).scalar_subquery(),
    }


def told(queue: Queue, counted: dict[str, Any]) -> Neighbours:
    in_queue = bool(counted.get("here"))
    return Neighbours(
        queue_slug=queue.slug,
        queue_title=str(queue.title),
        position=counted["before"] + 1 if in_queue else None,
        total=counted.get(f"queue {queue.slug}"),
        prev_refid=counted.get("previous"),
        next_refid=counted.get("next"),
    )
