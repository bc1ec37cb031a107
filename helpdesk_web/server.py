"""The web server and the worker, together or each alone, stopped by one signal."""

import errno
import multiprocessing
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from helpdesk_web.errors import SetupError
from helpdesk_web.gate import WAITING_THREADS, App, Gate
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
PORT_PATIENCE_SECONDS = 1.5  # a desk that was just stopped may still be letting go of its port


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
    _require_no_open_database(settings.data_dir)
    _allow_many_files()
    multiprocessing.set_start_method(START_METHOD, force=True)
    forget_the_parents_signals()

    server = _web_server(settings)
    part = JobProcess(jobs, on_failure=server.signal_handler_interrupt)
    if worker:
        server.on_startup(part.start)
        server.on_shutdown(part.stop)
    return _serve(server, _Loader(load_app, settings)) or int(part.failed)


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


def require_port(host: str, port: int) -> None:
    """Granian's workers share the port, so a second desk would share it too; ask without sharing."""
    patience = time.monotonic() + PORT_PATIENCE_SECONDS
    while (problem := _port_problem(host, port)) == errno.EADDRINUSE and time.monotonic() < patience:
        time.sleep(0.1)
    if problem == errno.EADDRINUSE:
        raise SetupError(f"Port {port} is taken: stop what listens there, or set HELPDESK_PORT to another.")
    if problem == errno.EACCES:
        raise SetupError(f"Port {port} needs more rights: set HELPDESK_PORT to one above 1023.")
    if problem:
        raise SetupError(f"Cannot listen on {host}: {os.strerror(problem)}. Set HELPDESK_HOST to 127.0.0.1.")


def _port_problem(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
        try:
            probe.bind((host, port))
        except socket.gaierror:
            return errno.EADDRNOTAVAIL
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return 0


def _require_no_open_database(data_dir: Path) -> None:
    """SQLite's locks and caches do not survive a fork: a connection that is open here would corrupt there."""
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = Path(os.readlink(entry))
        except OSError:
            continue
        if ".sqlite3" in target.suffix and target.is_relative_to(data_dir):
            raise RuntimeError(f"{target.name} is still open: dispose of the engine before serve()")


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
