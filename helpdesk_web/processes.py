"""The worker beside the web server: a child process that stops with its parent and never outlives it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess

STOP_SECONDS = 30  # how long requests and jobs under way may take after the signal

Jobs = Callable[[threading.Event], None]

# A forked child has every module imported already, which is most of a start. Elsewhere than on Linux system
# libraries do not survive a fork. Granian follows this choice for its own workers.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"


def run_jobs(stop: threading.Event) -> None:
    """Work through the job table until `stop` is set."""
    from helpdesk_web import create_app
    from helpdesk_web.jobs import run_worker

    with create_app().app_context():
        run_worker(stop)


def work_until_signalled(jobs: Jobs) -> None:
    """Run `jobs` in this process; the first SIGTERM or SIGINT asks it to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs(stop)


def forget_the_parents_signals() -> None:
    """From its first moment a forked child dies of a SIGTERM that comes before it has its own handler.

    With the handler it inherits the signal would be lost. What a terminal sends reaches the whole family at
    once: it is the parent's to answer.
    """

    def forget() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _hold(signal.SIG_UNBLOCK)

    if START_METHOD == "fork":
        os.register_at_fork(
            before=lambda: _hold(signal.SIG_BLOCK),  # CPython drops what comes before the child is itself
            after_in_parent=lambda: _hold(signal.SIG_UNBLOCK),
            after_in_child=forget,
        )


def _hold(how: int) -> None:
    signal.pthread_sigmask(how, {signal.SIGTERM})


def stop_with_parent() -> None:
    """Ask this child process to stop as soon as its parent is gone, even if that was killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # whatever handler granian sets: see above
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


class JobProcess:
    """The job loop in a process of its own; `failed` once it has ended without being asked."""

    def __init__(self, jobs: Jobs, on_failure: Callable[[], None]) -> None:
        self.failed = False
        self._jobs = jobs
        self._on_failure = on_failure
        self._asked = False
        self._process: BaseProcess | None = None

    def start(self) -> None:
        multiprocessing.set_start_method(START_METHOD, force=True)
        process = multiprocessing.Process(target=_child, args=(self._jobs,), name="helpdesk-worker", daemon=True)
        process.start()
        self._process = process
        threading.Thread(target=self._watch, args=(process,), name="worker-watch", daemon=True).start()

    def stop(self) -> None:
        """Let the job under way finish; after `STOP_SECONDS` kill it (its lease gives it to another)."""
        self._asked = True
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _watch(self, process: BaseProcess) -> None:
        process.join()
        if not self._asked:
            self.failed = True
            self._on_failure()


def _child(jobs: Jobs) -> None:
    stop_with_parent()
    work_until_signalled(jobs)
