"""What the worker does by the clock. Each is a row that puts itself back, so one worker of many does it."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from helpdesk_web import vault
from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.jobs import claim
from helpdesk_web.jobs.tasks import TASKS, Handler, Work, task
from helpdesk_web.models import Job
from helpdesk_web.services import mailed_links, outbox, seals, sessions, sweeps, tokens


def ensure() -> None:
    """See that each periodic job has its row; a new one is due at once."""
    kinds = [kind for kind, known in TASKS.items() if known.every]
    end_reading()
    there = db.session.scalar(select(func.count()).where(Job.unique_key.in_(kinds)))
    end_reading()
    if there == len(kinds):
        return
    with writing():
        for kind in kinds:
            outbox.enqueue(kind, {}, unique_key=kind)
        commit()


def look_at_the_clock() -> None:
    """See that a clock that ran ahead for a while leaves nothing waiting for the time it told."""
    claim.bring_back({kind: known.every or known.longest_gap * 1.5 for kind, known in TASKS.items()})


def _by_the_clock(name: str, **every: float) -> Callable[[Handler], Handler]:
    return task(f"periodic.{name}", every=timedelta(**every), own_transactions=True)


@_by_the_clock("seal", seconds=60)
def seal(_work: Work) -> None:
    _in_batches(lambda: seals.append() is not None)
    seals.publish()


@_by_the_clock("breaches", seconds=30)
def record_breaches(_work: Work) -> None:
    _in_batches(sweeps.record_breaches)


@_by_the_clock("auto_close", minutes=10)
def auto_close(_work: Work) -> None:
    close_resolved()


@_by_the_clock("dead_links", minutes=5)
def empty_dead_links(_work: Work) -> None:
    _in_batches(mailed_links.empty_dead)


@_by_the_clock("forget", hours=1)
def forget(_work: Work) -> None:
    for step in (tokens.forget_past, sessions.forget_past, sweeps.forget_submissions):
        with writing():
            step()
            commit()
    while ids := sweeps.past_jobs():
        with writing():
            sweeps.drop_jobs(ids)
            commit()


@_by_the_clock("vault", hours=24)
def sweep_vault(_work: Work) -> None:
    vault.sweep_orphans()


def close_resolved() -> int:
    """Close what was resolved long enough ago, and return how many; also the command `support auto-close`."""
    return _in_batches(sweeps.close_resolved)


def _in_batches(step: Callable[[], int]) -> int:
    """Repeat a batch, each in a transaction of its own, until there is nothing left."""
    total = 0
    while True:
        with writing():
            done = step()
            if not done:
                return total
            commit()
        total += done
