"""When each message of a conversation comes. Moments and durations are in seconds."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from helpdesk_web.demo.content import Conversation
from helpdesk_web.demo.week import DAY, HOUR, Week
from helpdesk_web.models import TicketPriority
from helpdesk_web.services import desk

MINUTE = 60.0
MOMENT = 2 * MINUTE  # the last thing happened at least so long ago
LATE_SHARE = 0.11  # of the tickets that have ended, beside those that come at a bad time
PROMPT_SHARE = 0.9  # are first answered in time
ANSWER = {"low": 95 * MINUTE, "medium": 55 * MINUTE, "high": 20 * MINUTE, "urgent": 8 * MINUTE}
NOTE = 9 * MINUTE
CUSTOMER, SLOW_CUSTOMER = 2.6 * HOUR, 14 * HOUR
TRIES = 12
LOOSE_END = {"pending": (2.5 * DAY, 5 * DAY), "in_progress": (0.5 * HOUR, 5 * HOUR)}

# How far away the due times of open tickets are, by turns, so that each stretch of a queue has some.
DISTANCES = ("soon", "today", "later", "late", "later", "today", "later", "soon", "later", "today", "later")


@dataclass(frozen=True, slots=True)
class Course:
    """The moments of a ticket: created, one a turn, and when it was ended after its last message, if so."""

    created: float
    turns: tuple[float, ...]
    ended: float | None = None

    @property
    def last(self) -> float:
        return self.ended or (self.turns[-1] if self.turns else self.created)

    def shifted_to_end(self, moment: float) -> "Course":
        by = moment - self.last
        return Course(self.created + by, tuple(turn + by for turn in self.turns), self.ended and self.ended + by)


class Pace:
    """How quickly people write at this desk."""

    def __init__(self, week: Week, rng: random.Random) -> None:
        self.week = week
        self._rng = rng
        self._turn_of: Counter[str] = Counter()
        goals = {one.value: desk.settings().priorities.of(one.value) for one in TicketPriority}
        self._target = {name: goal.sla_hours * HOUR for name, goal in goals.items()}
        self._first = {name: goal.first_response_hours * HOUR for name, goal in goals.items()}

    def ended_course(self, talk: Conversation, arrival: float) -> Course:
        """A conversation that has come to its end: in working hours, mostly in time, and before now."""
        gaps, runs = self._natural_gaps(talk, arrival), running(talk)
        if talk.state in LOOSE_END:
            gaps.append(self._rng.uniform(*LOOSE_END[talk.state]))
            runs.append(talk.state == "in_progress")
        gaps = self._kept_promise(talk, gaps, runs)
        gaps = _squeezed(gaps, self.week.now - MOMENT - arrival)
        moments = list(accumulate(gaps, initial=arrival))[1:]
        turns, rest = moments[: len(talk.turns)], moments[len(talk.turns) :]
        return Course(arrival, tuple(turns), rest[0] if rest else None)

    def open_course(self, talk: Conversation) -> Course:
        """A conversation that goes on: its clock stands still, or it is due before, soon after, or long after now."""
        target, runs = self._target[talk.priority], running(talk)
        gaps = [self._real_gap(talk, turn.by) for turn in talk.turns]
        gaps = _shortened(gaps, runs, 0.8 * target)
        if talk.state == "pending":
            latest = self.week.now - MOMENT - sum(gaps)
            return _course(
                self._lively(latest - min(self._around(1.5 * DAY, 1.0), 9 * DAY) for _ in range(TRIES)), gaps
            )
        paused = sum(gap for gap, runs_on in zip(gaps, runs, strict=True) if not runs_on)
        created = self._lively(self.week.now + distance - target - paused for distance in self._distances(talk))
        left = self.week.now - created - paused
        return _course(created, _shortened(gaps, runs, max(MINUTE, 0.9 * left - MOMENT)))

    def _natural_gaps(self, talk: Conversation, arrival: float) -> list[float]:
        gaps, moment = [], arrival
        for turn in talk.turns:
            if turn.by == "customer":
                then = self.week.when_awake(moment + self._around(CUSTOMER, 1.1), self._rng)
            else:
                usual = NOTE if turn.by == "note" else ANSWER[talk.priority]
                then = self.week.after_work(moment, self._around(usual, 0.9))
            gaps.append(then - moment + 1)
            moment = then + 1
        return gaps

    def _real_gap(self, talk: Conversation, by: str) -> float:
        if by == "customer":
            return self._around(SLOW_CUSTOMER, 1.2)
        return self._around(NOTE if by == "note" else 1.5 * ANSWER[talk.priority], 0.7)

    def _kept_promise(self, talk: Conversation, gaps: list[float], runs: list[bool]) -> list[float]:
        target = self._target[talk.priority]
        if self._rng.random() < LATE_SHARE:
            return _scaled(gaps, runs, max(_total(gaps, runs), target * self._rng.uniform(1.05, 1.8)))
        gaps = _shortened(gaps, runs, target * self._rng.uniform(0.5, 0.92))
        first = next((place for place, turn in enumerate(talk.turns) if turn.by == "agent"), None)
        if first is None or self._rng.random() > PROMPT_SHARE:
            return gaps
        soon = self._first[talk.priority] * self._rng.uniform(0.4, 0.95)
        return [*_squeezed(gaps[: first + 1], soon), *gaps[first + 1 :]]

    def _distances(self, talk: Conversation) -> list[float]:
        """How far the due time may be from now, negative when it has passed."""
        target = self._target[talk.priority]
        word = DISTANCES[self._turn_of[talk.state] % len(DISTANCES)]
        self._turn_of[talk.state] += 1
        low, high = {
            "late": (-min(0.35 * target, 14 * HOUR), -6 * MINUTE),
            "soon": (4 * MINUTE, min(56 * MINUTE, 0.18 * target)),
            "today": (min(1.1 * HOUR, 0.4 * target), min(8 * HOUR, 0.9 * target)),
            "later": (min(10 * HOUR, 0.5 * target), 0.97 * target),
        }[word]
        return [self._rng.uniform(low, high) for _ in range(TRIES)]

    def _lively(self, moments: Iterable[float]) -> float:
        """Choose the moment of creation among possible ones: rather by day than by night."""
        found = list(moments)
        return self._rng.choices(found, [self.week.liveliness(moment) ** 2 for moment in found])[0]

    def _around(self, usual: float, spread: float) -> float:
        """A duration: half of them below the usual one, few very long."""
        return usual * min(self._rng.lognormvariate(0.0, spread), 12.0)


def running(talk: Conversation) -> list[bool]:
    """Tell for each turn whether the ticket's clock runs until it comes."""
    runs, found = True, []
    for turn in talk.turns:
        found.append(runs)
        if turn.by == "customer":
            runs = True
        if turn.then:
            runs = False
    return found


def _course(created: float, gaps: list[float]) -> Course:
    return Course(created, tuple(list(accumulate(gaps, initial=created))[1:]))


def _total(gaps: list[float], runs: list[bool]) -> float:
    return sum(gap for gap, runs_on in zip(gaps, runs, strict=True) if runs_on)


def _shortened(gaps: list[float], runs: list[bool], longest: float) -> list[float]:
    return _scaled(gaps, runs, longest) if _total(gaps, runs) > longest else gaps


def _scaled(gaps: list[float], runs: list[bool], total: float) -> list[float]:
    """Make the time in which the clock runs so long."""
    factor = total / max(_total(gaps, runs), 1.0)
    return [gap * factor if runs_on else gap for gap, runs_on in zip(gaps, runs, strict=True)]


def _squeezed(gaps: list[float], longest: float) -> list[float]:
    factor = min(1.0, longest / max(sum(gaps), 1.0))
    return [gap * factor for gap in gaps]
