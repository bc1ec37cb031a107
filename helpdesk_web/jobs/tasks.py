"""What the worker can do: each kind of job with its handler and how often it is tried."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class Refused(Exception):
    """Trying again would not help: the job is set aside at once, where staff see it."""


class NotNow(Exception):
    """It may work later; the message is for staff."""


class NotNeeded(Exception):
    """There is nothing left to do: the job is cancelled; the message says why."""


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed job. `attempt` counts from 1 and fences off a worker whose lease has run out."""

    id: int
    kind: str
    args: dict[str, Any]
    attempt: int


@dataclass(frozen=True, slots=True)
class Task:
    """How a kind of job is done. `every` makes it periodic; it is then never set aside."""

    do: "Handler"
    attempts: int
    first_gap: timedelta
    growth: float
    longest_gap: timedelta
    own_transactions: bool = False
    every: timedelta | None = None
    when_dead: "Callable[[Work, str], None] | None" = None

    def gap(self, attempt: int) -> timedelta:
        """How long to wait after this attempt failed; a fifth to and fro keeps retries out of step."""
        gap = min(self.first_gap * self.growth ** min(attempt - 1, 20), self.longest_gap)
        return gap * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, guards nothing)

    def gives_up_after(self, attempt: int) -> bool:
        return self.every is None and attempt >= self.attempts


# May return what else is to be written into the job's row when it ends.
Handler = Callable[[Work], dict[str, Any] | None]

TASKS: dict[str, Task] = {}


def task(
    kind: str,
    *,
    attempts: int = 5,
    first_gap: timedelta = timedelta(seconds=5),
    growth: float = 4.0,
    longest_gap: timedelta = timedelta(minutes=30),
    own_transactions: bool = False,
    every: timedelta | None = None,
    when_dead: Callable[[Work, str], None] | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler.

    It runs inside the very transaction that ends the job, so its effect happens exactly once. One with
    `own_transactions` runs outside any, may be slow, and must bear being run twice.
    `when_dead` runs in the transaction that sets a job aside, with the reason.
    """

    def register(handler: Handler) -> Handler:
        TASKS[kind] = Task(handler, attempts, first_gap, growth, longest_gap, own_transactions, every, when_dead)
        return handler

    return register
