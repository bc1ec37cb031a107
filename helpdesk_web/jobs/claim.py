"""Taking a job from the table and putting it back: each is held by one worker at a time, under a lease.

`run_at` of a running job is the end of its lease, so the one index finds what is due and what was abandoned.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.jobs.tasks import Work
from helpdesk_web.models import Job, JobState

LEASE = timedelta(seconds=20)
MAIL, REST = "mail", "rest"  # two lanes: a slow mail server holds up nothing else
LANES = (MAIL, REST)

# A literal: SQLite matches the partial index to nothing else.
_WAITING: ColumnElement[bool] = literal_column("(job.state IN ('queued', 'running'))")


class LeaseLost(Exception):
    """Another worker has taken the job over; whatever this one did must not count."""


def next_due(lane: str) -> Work | None:
    """Claim the job that has been due longest, or None. Looking takes no lock."""
    end_reading()
    if db.session.execute(_due(lane)).first() is None:
        return None
    with writing():
        found = db.session.execute(_due(lane).with_for_update(skip_locked=True, of=Job)).first()
        if found is None:
            return None
        work = Work(found.id, found.kind, found.args, found.attempts + 1)
        until = clock.now() + LEASE
        taken = _update(
            Job.id == work.id,
            Job.attempts == found.attempts,
            state=JobState.RUNNING,
            attempts=work.attempt,
            lease_until=until,
            run_at=until,
        )
        if not taken:
            return None
        commit()
        return work


def seconds_to_next(lane: str) -> float:
    """How long nothing new becomes due, as far as the table knows now; infinity when it is empty."""
    end_reading()
    now = clock.now()
    soonest = select(func.min(Job.run_at)).where(_WAITING, Job.run_at > now, _in_lane(lane))
    due: datetime | None = db.session.scalar(soonest)
    end_reading()  # the caller sleeps: no transaction may stay open
    return (due - now).total_seconds() if due else float("inf")


def bring_back(longest: Mapping[str, timedelta]) -> None:
    """Put right what a clock that ran ahead has put off further than its kind is ever put off."""
    end_reading()
    now = clock.now()
    put_off = select(Job.id, Job.kind, Job.run_at).where(_WAITING, Job.state == JobState.QUEUED, Job.attempts > 0)
    rows = db.session.execute(put_off.where(Job.run_at > now))
    far = [row.id for row in rows if row.kind in longest and row.run_at > now + longest[row.kind]]
    end_reading()
    if far:
        with writing():
            _update(Job.id.in_(far), Job.state == JobState.QUEUED, run_at=now)
            commit()


def finish(work: Work, state: JobState = JobState.DONE, **facts: Any) -> None:
    """End the job in the caller's transaction, or raise LeaseLost."""
    facts = {"last_error": "", "done_at": clock.now(), "lease_until": None} | facts
    if not _update(*_held(work), state=state, **facts):
        raise LeaseLost(f"job {work.id}")


def put_off(work: Work, until: datetime, error: str = "") -> None:
    """Queue the job again in the caller's transaction, or raise LeaseLost."""
    finish(work, JobState.QUEUED, run_at=until, last_error=error, done_at=None)


def extend(work: Work) -> bool:
    """Lengthen the lease; False when it is lost."""
    until = clock.now() + LEASE
    return _update(*_held(work), lease_until=until, run_at=until)


def _due(lane: str) -> Any:
    return (
        select(Job.id, Job.kind, Job.args, Job.attempts)
        .where(_WAITING, Job.run_at <= clock.now(), _in_lane(lane), _nothing_before_it())
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )


def _in_lane(lane: str) -> ColumnElement[bool]:
    return Job.kind == "mail" if lane == MAIL else Job.kind != "mail"


def _nothing_before_it() -> ColumnElement[bool]:
    """A ticket's mails to one reader leave in the order they were written."""
    earlier = aliased(Job)
    waits = (
        select(earlier.id)
        .where(
            earlier.ticket_id == Job.ticket_id,
            earlier.recipient == Job.recipient,
            earlier.id < Job.id,
            earlier.state.in_([JobState.QUEUED, JobState.RUNNING]),
        )
        .correlate(Job)
        .exists()
    )
    return or_(Job.ticket_id.is_(None), ~waits)


def _held(work: Work) -> tuple[ColumnElement[bool], ...]:
    return Job.id == work.id, Job.state == JobState.RUNNING, Job.attempts == work.attempt


def _update(*where: ColumnElement[bool], **values: Any) -> bool:
    changed = update(Job).where(*where).values(**values).execution_options(synchronize_session=False)
    return bool(db.session.execute(changed).rowcount)  # type: ignore[attr-defined]
