"""A stand-in application behind the real `serve()`: `python -m tests.serving`, for tests of the server alone.

`HELPDESK_DATA_DIR` receives the files `worker.pid` and `worker.stopped`.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from helpdesk_web import config
from helpdesk_web.errors import SetupError
from helpdesk_web.server import serve


def load_app() -> Callable[..., Iterable[bytes]]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            time.sleep(2)
        if environ["PATH_INFO"] == "/body":
            environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/large":
            return (b"a" * 65536 for _piece in range(160))
        return [str(os.getpid()).encode()]

    return app


def jobs(stop: threading.Event) -> None:
    data_dir = Path(os.environ["HELPDESK_DATA_DIR"])
    (data_dir / "worker.pid").write_text(str(os.getpid()))
    stop.wait()
    (data_dir / "worker.stopped").write_text("the job under way was handed back")


if __name__ == "__main__":
    try:
        parts = sys.argv[1:] or ["web", "worker"]
        sys.exit(serve(config.load(), web="web" in parts, worker="worker" in parts, load_app=load_app, jobs=jobs))
    except SetupError as problem:
        sys.exit(str(problem))
