"""The loop: claim what is due, do it, sleep until the next is due, a second at most."""

import logging
import threading
from collections.abc import Callable

from flask import Flask, current_app

from helpdesk_web.jobs import checkpoint, claim, periodic, run
from helpdesk_web.services import desk

LONGEST_SLEEP = 1.0  # seconds
SHORTEST_SLEEP = 0.02
MARK_SECONDS = 5.0
CLOCK_SECONDS = 30.0

logger = logging.getLogger(__name__)


def run_worker(stop: threading.Event) -> None:
    """Work through the job table until `stop` is set; what is under way is finished first."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _repeat(app, stop, periodic.ensure, until_it_works=True)
    loops = [_start(f"jobs-{lane}", _work, app, stop, lane) for lane in claim.LANES]
    loops.append(_start("clock", _watch_the_clock, app, stop))
    loops.append(_start("checkpoints", checkpoint.keep, app, stop))
    mark = desk.boot().data_dir / "worker.alive"  # for /readyz
    while not stop.is_set() and all(loop.is_alive() for loop in loops):
        mark.touch()
        stop.wait(MARK_SECONDS)
    asked = stop.is_set()
    stop.set()
    for loop in loops:
        loop.join()
    if not asked:
        raise RuntimeError("a part of the worker ended by itself")


def run_due(limit: int = 100) -> int:
    """Do what is due now, at most `limit` jobs, and return how many were done."""
    periodic.ensure()
    done = 0
    for lane in claim.LANES:
        while done < limit and _one(lane):
            done += 1
    return done


def _one(lane: str) -> bool:
    work = claim.next_due(lane)
    if work is None:
        return False
    run.do(work)
    return True


def _work(app: Flask, stop: threading.Event, lane: str) -> None:
    _repeat(app, stop, lambda: _pass(lane, stop))


def _watch_the_clock(app: Flask, stop: threading.Event) -> None:
    def look() -> None:
        periodic.look_at_the_clock()
        stop.wait(CLOCK_SECONDS)

    _repeat(app, stop, look)


def _pass(lane: str, stop: threading.Event) -> None:
    if not _one(lane):
        stop.wait(max(SHORTEST_SLEEP, min(LONGEST_SLEEP, claim.seconds_to_next(lane))))


def _repeat(app: Flask, stop: threading.Event, step: Callable[[], None], *, until_it_works: bool = False) -> None:
    """A database that is away for a while must not end the worker."""
    while not stop.is_set():
        try:
            with app.app_context():
                step()
        except Exception:
            logger.exception("the worker could not go on")
            stop.wait(LONGEST_SLEEP)
        else:
            if until_it_works:
                return


def _start(name: str, loop: Callable[..., None], *args: object) -> threading.Thread:
    thread = threading.Thread(target=loop, args=args, name=name, daemon=True)
    thread.start()
    return thread
