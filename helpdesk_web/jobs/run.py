"""Doing one claimed job, and deciding what becomes of it when it fails."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app

from helpdesk_web import clock
from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.errors import Busy, StorageFull
from helpdesk_web.jobs import claim
from helpdesk_web.jobs.tasks import TASKS, NotNeeded, NotNow, Refused, Task, Work
from helpdesk_web.models import JobState

MAX_ERROR = 500
COMPLETION_TRIES = 5  # each waits for the lock as long as a page does …
COMPLETION_PAUSE = 1.0  # … and this long, in seconds, for a database that restarts
BEAT_SECONDS = claim.LEASE.total_seconds() / 3

logger = logging.getLogger(__name__)


def do(work: Work) -> None:
    """Run a claimed job to one of its ends; it is never left behind without one, short of a crash."""
    known = TASKS.get(work.kind)
    if known is None:
        _end(work, JobState.DEAD, f"nothing here knows what {work.kind} means")
    elif known.every is None and work.attempt > known.attempts:
        _end(work, JobState.DEAD, "the worker stopped each time it ran this")
    else:
        _try(work, known)


def _try(work: Work, known: Task) -> None:
    try:
        (_do_beside if known.own_transactions else _do_within)(work, known)
    except claim.LeaseLost:
        logger.warning("job %s (%s) took longer than its lease and went to another worker", work.id, work.kind)
    except NotNeeded as reason:
        _end(work, JobState.CANCELLED, str(reason))
    except Refused as reason:
        logger.warning("job %s (%s) was refused: %s", work.id, work.kind, reason)
        _end(work, JobState.DEAD, str(reason))
    except Exception as error:
        _failed(work, known, error)


def _do_within(work: Work, known: Task) -> None:
    with writing():
        _complete(work, known, known.do(work))
        commit()


def _do_beside(work: Work, known: Task) -> None:
    with _heartbeat(work):
        facts = known.do(work)
        end_reading()
        for tries_left in reversed(range(COMPLETION_TRIES)):
            try:
                with writing():
                    _complete(work, known, facts)
                    commit()
            except (Busy, StorageFull):  # what was done is done: forgetting it would do it again
                if not tries_left:
                    raise
                time.sleep(COMPLETION_PAUSE)
            else:
                return


def _complete(work: Work, known: Task, facts: dict[str, Any] | None) -> None:
    if known.every is None:
        claim.finish(work, **facts or {})
    else:
        claim.put_off(work, clock.now() + known.every)


def _failed(work: Work, known: Task, error: Exception) -> None:
    db.session.rollback()
    told = str(error) if isinstance(error, NotNow) else f"{type(error).__name__}: {error}"
    if known.gives_up_after(work.attempt):
        logger.error("job %s (%s) is set aside after %s attempts: %s", work.id, work.kind, work.attempt, told)
        _end(work, JobState.DEAD, told)
        return
    logger.warning("job %s (%s) failed, attempt %s: %s", work.id, work.kind, work.attempt, told)
    with writing():
        claim.put_off(work, clock.now() + (known.every or known.gap(work.attempt)), told[:MAX_ERROR])
        commit()


def _end(work: Work, state: JobState, reason: str) -> None:
    known = TASKS.get(work.kind)
    with writing():
        if state is JobState.DEAD and known and known.when_dead:
            known.when_dead(work, reason)
        claim.finish(work, state, last_error=reason[:MAX_ERROR])
        commit()


@contextmanager
def _heartbeat(work: Work) -> Iterator[None]:
    """Keep the lease while a handler takes its time."""
    over = threading.Event()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    beat = threading.Thread(target=_beat, args=(app, work, over), name="job-heartbeat", daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()


def _beat(app: Flask, work: Work, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        try:
            with app.app_context(), writing():
                if not claim.extend(work):
                    return
                commit()
        except Exception:  # the next beat may succeed; if none does, the lease runs out
            logger.warning("the lease of job %s could not be lengthened", work.id, exc_info=True)
