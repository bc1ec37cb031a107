"""Whether this process may listen, and is fit to have children: asked before anything is started."""

import errno
import os
import resource
import socket
import time
from pathlib import Path

from helpdesk_web.errors import SetupError

PORT_PATIENCE_SECONDS = 1.5  # a desk that was just stopped may still be letting go of its port


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


def require_no_open_database(data_dir: Path) -> None:
    """SQLite's locks and caches do not survive a fork: a connection that is open here would corrupt there."""
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = Path(os.readlink(entry))
        except OSError:
            continue
        if ".sqlite3" in target.suffix and target.is_relative_to(data_dir):
            raise RuntimeError(f"{target.name} is still open: dispose of the engine before serve()")


def allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
