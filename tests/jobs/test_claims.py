"""One worker at a time holds a job; none is lost, none is done twice by mistake."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from helpdesk_web.database import commit, db, writing
from helpdesk_web.jobs import claim, periodic, run, run_due
from helpdesk_web.jobs.tasks import TASKS, NotNeeded, Refused, Work
from helpdesk_web.models import JobState, Tag
from helpdesk_web.services import outbox
from tests.jobs.tools import DO, only, queue, teach


@pytest.mark.both
def test_two_workers_do_each_job_once(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[int] = Counter()
    teach(monkeypatch, lambda work: done.update([work.args["n"]]))
    with writing():
        for n in range(40):
            outbox.enqueue(DO, {"n": n})
        commit()

    def work() -> None:
        with own_app.app_context():
            idle = 0
            while idle < 3:
                claimed = claim.next_due(claim.REST)
                idle = 0 if claimed else idle + 1
                if claimed:
                    run.do(claimed)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert done == Counter(range(40))


@pytest.mark.both
def test_an_abandoned_job_runs_again_when_its_lease_is_over(
    app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    teach(monkeypatch, lambda work: done.append(work.attempt))
    queue()
    assert claim.next_due(claim.REST)  # and the worker dies

    run_due()
    assert done == []
    clock.tick(seconds=61)
    run_due()

    assert done == [2]
    assert only().state is JobState.DONE


def test_a_worker_whose_lease_ran_out_cannot_end_the_job(
    app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(monkeypatch, lambda work: None)
    queue()
    slow = claim.next_due(claim.REST)
    clock.tick(seconds=61)
    other = claim.next_due(claim.REST)

    with writing(), pytest.raises(claim.LeaseLost):
        claim.finish(slow)
    with writing():
        claim.finish(other)
        commit()

    assert only().state is JobState.DONE


def test_the_lease_is_lengthened_while_a_handler_works(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(monkeypatch, lambda work: None)
    queue()
    work = claim.next_due(claim.REST)
    clock.tick(seconds=15)
    with writing():
        assert claim.extend(work)
        commit()
    clock.tick(seconds=15)

    assert claim.next_due(claim.REST) is None


@pytest.mark.both
def test_a_poison_job_is_set_aside_while_others_run(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def poison(work: Work) -> None:
        raise ZeroDivisionError("always")

    teach(monkeypatch, poison, "test.poison")
    teach(monkeypatch, lambda work: done.append(work.args["n"]))
    queue("test.poison")
    queue(n=1)
    for _hour in range(5):
        run_due()
        clock.tick(hours=1)
    queue(n=2)
    run_due()

    job = only("test.poison")
    assert (job.state, job.attempts) == (JobState.DEAD, 3)
    assert "ZeroDivisionError: always" in job.last_error
    assert done == [1, 2]


def test_a_job_that_takes_its_worker_down_each_time_is_set_aside(
    app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(monkeypatch, lambda work: None, attempts=2)
    queue()
    for _crash in range(2):
        assert claim.next_due(claim.REST)
        clock.tick(seconds=61)
    run_due()

    assert only().state is JobState.DEAD


@pytest.mark.both
def test_what_a_failed_job_wrote_is_taken_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def half_done(work: Work) -> None:
        db.session.add(Tag(name="half", key="half"))
        db.session.flush()
        raise RuntimeError("in the middle")

    teach(monkeypatch, half_done)
    queue()
    run_due()

    assert db.session.query(Tag).count() == 0
    assert only().state is JobState.QUEUED


@pytest.mark.parametrize(
    ("raised", "state"), [(Refused("550 no"), JobState.DEAD), (NotNeeded("gone"), JobState.CANCELLED)]
)
def test_a_handler_may_end_its_job(
    app: Flask, monkeypatch: pytest.MonkeyPatch, raised: Exception, state: JobState
) -> None:
    def end(work: Work) -> None:
        raise raised

    teach(monkeypatch, end)
    queue()
    run_due()

    assert (only().state, only().last_error) == (state, str(raised))


@pytest.mark.both
def test_the_same_unique_key_twice_is_one_job(app: Flask) -> None:
    with writing():
        assert outbox.enqueue(DO, {"n": 1}, unique_key="once")
        assert not outbox.enqueue(DO, {"n": 2}, unique_key="once")
        commit()

    assert only().args == {"n": 1}


def test_nothing_is_done_for_a_change_that_was_rolled_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Work] = []
    teach(monkeypatch, done.append)
    with writing():
        outbox.enqueue(DO, {})
    run_due()

    assert done == []


def test_a_job_waits_for_its_time(app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Work] = []
    teach(monkeypatch, done.append)
    with writing():
        outbox.enqueue(DO, {}, run_at=clock.now() + timedelta(minutes=30))
        commit()

    assert claim.next_due(claim.REST) is None
    assert claim.seconds_to_next(claim.REST) == 1800
    assert claim.seconds_to_next(claim.MAIL) == float("inf")
    clock.tick(minutes=30)
    run_due()
    assert len(done) == 1


def test_gaps_between_attempts_grow_and_differ() -> None:
    mail = TASKS["mail"]
    gaps = [mail.gap(attempt).total_seconds() for attempt in range(1, 10)]

    assert 24 <= gaps[0] <= 36
    assert gaps[0] < gaps[1] < gaps[2] < gaps[3] < gaps[4]
    assert max(gaps) <= 4 * 3600 * 1.2
    assert sum(gaps) > 12 * 3600
    assert len({mail.gap(3) for _ in range(20)}) > 10


def test_a_kind_that_nobody_knows_is_set_aside(app: Flask) -> None:
    queue("from.the.future")
    run_due()

    assert only("from.the.future").state is JobState.DEAD


def test_a_clock_that_ran_ahead_leaves_nothing_waiting_for_its_time(
    app: Flask, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(monkeypatch, lambda work: 1 / 0)
    clock.tick(days=1)
    queue()
    with writing():
        outbox.enqueue("test.planned", {}, run_at=clock.now() + timedelta(days=30))
        commit()
    run_due()
    clock.tick(days=-1)
    assert only().run_at > clock.now() + timedelta(hours=23)

    periodic.look_at_the_clock()

    assert only().run_at == clock.now()
    assert only("periodic.vault").run_at <= clock.now() + timedelta(days=1)
    assert only("test.planned").run_at > clock.now() + timedelta(days=30)
