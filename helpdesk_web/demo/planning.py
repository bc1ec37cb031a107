"""Which conversation is told when: the most recent ones are open, older ones have come to their end."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from helpdesk_web.demo import content
from helpdesk_web.demo.content import Conversation
from helpdesk_web.demo.staff import PRINTED
from helpdesk_web.demo.timing import Course, Pace
from helpdesk_web.demo.week import DAY, DAYS, HOUR, Week
from helpdesk_web.models import Role

OPEN_STATES = ("open", "in_progress", "pending")
OPEN_SHARE = 0.012  # of the tickets beyond the written conversations: what comes in within a day or so
FRESH = 5 * HOUR  # a conversation younger than this has not come to its end
JUST_NOW = 35 * 60.0  # seconds since the answer that the two have not read yet

# What waits for each of the two customers whose sign-ins are printed.
OWN = ("pending", "in_progress", "resolved", "closed", "resolved")


@dataclass(slots=True)
class Ticket:
    """A ticket to be told: what is said, when each message comes, and whether it was told before."""

    talk: Conversation
    course: Course
    again: bool
    email: str | None = None  # of a customer it must belong to


def plan(count: int, week: Week, rng: random.Random) -> list[Ticket]:
    """Return so many tickets in the order of their creation; each conversation once before any comes again."""
    pace = Pace(week, rng)
    open_ones, ended = _pools(rng)
    number_open = _number_open(count, len(open_ones), len(open_ones) + len(ended))
    tickets = [*_open_tickets(open_ones, number_open, pace), *_ended_tickets(ended, count - number_open, pace, rng)]
    _give_away(tickets, week.now)
    return sorted(tickets, key=lambda ticket: ticket.course.created)


def _pools(rng: random.Random) -> tuple[list[Conversation], list[Conversation]]:
    """The conversations that are still open, of each state by turns, and those that have ended."""
    talks = list(content.conversations())
    rng.shuffle(talks)
    by_state = [[talk for talk in talks if talk.state == state] for state in OPEN_STATES]
    mixed = [talk for talk in chain.from_iterable(zip_longest(*by_state)) if talk]
    return mixed, [talk for talk in talks if talk.state not in OPEN_STATES]


def _number_open(count: int, open_talks: int, talks: int) -> int:
    if count >= talks:
        return open_talks + round((count - talks) * OPEN_SHARE)
    return max(min(count, 3), round(count * open_talks / talks))


def _open_tickets(pool: Sequence[Conversation], count: int, pace: Pace) -> Iterator[Ticket]:
    for number in range(count):
        talk = pool[number % len(pool)]
        yield Ticket(talk, pace.open_course(talk), again=number >= len(pool))


def _ended_tickets(pool: Sequence[Conversation], count: int, pace: Pace, rng: random.Random) -> Iterator[Ticket]:
    """The latest arrivals get the conversations as they were written, earlier ones their repetitions."""
    week = pace.week
    arrivals = week.arrivals(count, week.now - DAYS * DAY, week.now - FRESH, rng)
    for number, (arrival, talk) in enumerate(zip(reversed(arrivals), _endlessly(pool, rng), strict=False)):
        yield Ticket(talk, pace.ended_course(talk, arrival), again=number >= len(pool))


def _endlessly(pool: Sequence[Conversation], rng: random.Random) -> Iterator[Conversation]:
    yield from pool
    # told again, what was left pending or in progress comes to an end as well
    ended = [*pool, *(talk for talk in content.conversations() if _was_answered(talk))]
    while True:
        yield from rng.sample(ended, len(ended))


def _was_answered(talk: Conversation) -> bool:
    return talk.state in ("pending", "in_progress") and talk.turns[-1].by == "agent"


def _give_away(tickets: list[Ticket], now: float) -> None:
    """See that those whose sign-ins are printed have tickets of their own, one with an answer just come."""
    customers = [person.email for person in PRINTED if person.role is Role.CUSTOMER]
    for place, state in enumerate(OWN):
        found = (ticket for ticket in tickets if _fits(ticket, state))
        for email, ticket in zip(customers, list(islice(found, len(customers))), strict=False):
            ticket.email = email
            if place == 0:
                ticket.course = ticket.course.shifted_to_end(now - JUST_NOW)


def _fits(ticket: Ticket, state: str) -> bool:
    talk = ticket.talk
    return (
        ticket.email is None
        and talk.state == state
        and talk.language == "en"
        and talk.channel == "web"
        and talk.priority in ("low", "medium")
        and talk.category in ("orders-and-delivery", "label-printers", "scanners", "stock-app")
    )
