"""The loop itself, with real commits, real threads and a real clock."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from helpdesk_web.connections import has_wal_reset_bug
from helpdesk_web.database import commit, db, writing
from helpdesk_web.jobs import checkpoint, loop, run_worker
from helpdesk_web.jobs.tasks import Work
from helpdesk_web.models import Tag
from helpdesk_web.services import outbox
from tests.jobs.tools import DO, queue, teach
from tests.running import wait_until


@contextmanager
def working(app: Flask) -> Iterator[threading.Event]:
    stop = threading.Event()

    def work() -> None:
        with app.app_context():
            run_worker(stop)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield stop
    finally:
        stop.set()
        worker.join(30)
        assert not worker.is_alive()


@pytest.mark.both
def test_a_job_is_done_within_a_second_or_so(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[float] = []
    teach(monkeypatch, lambda work: done.append(time.monotonic()))
    with working(own_app):
        wait_until(lambda: (own_app.config["HELPDESK"].data_dir / "worker.alive").exists())
        queue()
        asked = time.monotonic()
        wait_until(lambda: done, 10)

    assert done[0] - asked < 3  # one second of sleep, and a busy machine


def test_a_slow_mail_server_holds_up_nothing_else(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Work] = []
    silence = threading.Event()
    teach(monkeypatch, lambda work: silence.wait(20), outbox.MAIL, own_transactions=True)
    teach(monkeypatch, done.append)
    with working(own_app):
        queue(outbox.MAIL)
        queue()
        wait_until(lambda: done, 10)
        assert not silence.is_set()
        silence.set()


def test_a_job_under_way_is_finished_before_the_worker_stops(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    started, finished = threading.Event(), threading.Event()

    def slow(_work: Work) -> None:
        started.set()
        time.sleep(0.5)
        finished.set()

    teach(monkeypatch, slow, own_transactions=True)
    queue()
    with working(own_app) as stop:
        started.wait(10)
        stop.set()

    assert finished.is_set()


def test_a_database_that_is_away_for_a_while_does_not_end_the_worker(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[Work] = []
    teach(monkeypatch, done.append)
    one, failures = loop._one, iter([OSError("gone"), OSError("gone")])

    def flaky(lane: str) -> bool:
        for failure in failures:
            raise failure
        return one(lane)

    monkeypatch.setattr(loop, "_one", flaky)
    queue()
    with working(own_app):
        wait_until(lambda: done, 10)

    assert "the worker could not go on" in caplog.text


@pytest.mark.skipif(not has_wal_reset_bug(), reason="this SQLite checkpoints by itself")
def test_the_log_is_folded_back_and_stays_small(own_app: Flask) -> None:
    log = own_app.config["HELPDESK"].data_dir / "helpdesk.sqlite3-wal"

    def write(words: str) -> None:
        with writing():
            db.session.add_all(Tag(name=f"{words}{n}", key=f"{words}{n}" + "x" * 60) for n in range(300))
            commit()

    seen = 0.0
    sizes = []
    for turn in range(25):
        write(f"t{turn}-")
        seen = checkpoint.tend(db.engine, seen)
        sizes.append(log.stat().st_size)

    assert max(sizes) < 3 * checkpoint.FOLD_BYTES
    assert db.session.query(Tag).count() == 25 * 300
    assert checkpoint.tend(db.engine, seen) == pytest.approx(seen, abs=60)


def test_a_large_log_is_cut(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FOLD_BYTES", 1)
    monkeypatch.setattr(checkpoint, "SHRINK_BYTES", 1)
    with writing():
        db.session.add(Tag(name="a", key="a"))
        commit()
    db.session.remove()
    checkpoint.tend(db.engine)

    log = own_app.config["HELPDESK"].data_dir / "helpdesk.sqlite3-wal"
    assert log.stat().st_size == 0


def test_unknown_jobs_do_not_stop_the_loop(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Work] = []
    teach(monkeypatch, done.append)
    queue("unheard.of")
    queue(DO)
    with working(own_app):
        wait_until(lambda: done, 10)
