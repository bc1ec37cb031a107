"""The web server and the worker, together or each alone, stopped by one signal."""

import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from helpdesk_web.gate import WAITING_THREADS, App, Gate
from helpdesk_web.listening import allow_many_files, require_no_open_database, require_port
from helpdesk_web.processes import (
    START_METHOD,
    STOP_SECONDS,
    JobProcess,
    Jobs,
    forget_the_parents_signals,
    run_jobs,
    stop_with_parent,
    work_until_signalled,
)

if TYPE_CHECKING:
    from helpdesk_web.config import Settings

CONNECTIONS = 4096  # open connections a web worker; slow ones cost a few KB, not a thread
HEADER_SECONDS = 10  # a client slower than this with its headers is let go; also the keep-alive time


def load_app() -> App:
    """Make the application in the process that will serve it."""
    from helpdesk_web import create_app

    return create_app()


def serve(
    settings: "Settings",
    *,
    web: bool,
    worker: bool,
    load_app: Callable[[], App] = load_app,
    jobs: Jobs = run_jobs,
) -> int:
    """Serve until SIGTERM or SIGINT, or until a part dies; the exit code, 0 only if asked to stop.

    Close every database connection first: the children are forked. What is under way may finish for
    30 seconds. Raises `SetupError` when the port is taken.
    """
    if not web:
        work_until_signalled(jobs)
        return 0
    require_port(settings.host, settings.port)
    require_no_open_database(settings.data_dir)
    allow_many_files()
    multiprocessing.set_start_method(START_METHOD, force=True)
    forget_the_parents_signals()

    server = _web_server(settings)
    part = JobProcess(jobs, on_failure=server.signal_handler_interrupt)
    if worker:
        server.on_startup(part.start)
        server.on_shutdown(part.stop)
    _stop_on_hangup(server)
    return _serve(server, _Loader(load_app, settings)) or int(part.failed)


def _stop_on_hangup(server: Any) -> None:
    """Stop with the terminal, where granian would reload; `nohup` is respected."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        server.on_startup(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    else:
        server.on_startup(lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt))


def _serve(server: Any, loader: "_Loader") -> int:
    try:
        server.serve(target_loader=loader, wrap_loader=False)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _web_server(settings: "Settings") -> Any:
    return Granian(
        "helpdesk_web.wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=WAITING_THREADS,  # `web_threads` of them at a time pass the gate
        backlog=2048,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        websockets=False,
        log_level=LogLevels.error,
        log_access=False,
        workers_kill_timeout=STOP_SECONDS,
    )


class _Loader:
    """Loads the application inside a web worker (an object, because a spawned child gets it pickled)."""

    def __init__(self, load_app: Callable[[], App], settings: "Settings") -> None:
        self.load_app = load_app
        self.settings = settings
        self.first = multiprocessing.Lock()

    def __call__(self) -> App:
        stop_with_parent()
        app = Gate(self.load_app(), at_once=self.settings.web_threads)
        if self.first.acquire(block=False):
            # In the child: a thread of the parent could hold a lock (of an import, say) while it forks.
            threading.Thread(target=_say_when_ready, args=(self.settings,), name="ready", daemon=True).start()
        return app


def _say_when_ready(settings: "Settings") -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    for _attempt in range(600):
        try:
            socket.create_connection((host, settings.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            continue
        print(f"Serving at {settings.origin} (Ctrl-C stops)", flush=True)
        return
