"""Before the application: a request's body is read first, so that slow senders hold no application thread."""

import errno
import threading
import time
from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

WAITING_THREADS = 512  # a web worker's threads in all; idle ones end by themselves
IN_MEMORY_BYTES = 256 * 1024  # a longer body waits in a temporary file
AT_ONCE_BYTES = 4 * 1024  # by `read`: the server's stream ends its iteration at the first line
PATIENCE_SECONDS = 30.0  # for any body, and on top of it …
SLOWEST_BYTES_PER_SECOND = 8 * 1024  # … the time a poor line needs
NO_ROOM = (
    "There is no space for files at the moment. Please go back, your text is still there, and send it without them."
)


class TooSlowError(Exception):
    """The body came slower than a poor line would bring it."""


class TooLargeError(Exception):
    """The body has no stated length and grew over the application's limit."""


class Gate:
    """WSGI middleware: lets `at_once` requests into the application, each with its body complete."""

    def __init__(self, app: App, at_once: int) -> None:
        self._app = app
        self._seats = threading.BoundedSemaphore(at_once)
        config: dict[str, Any] = getattr(app, "config", {})
        self._limit: int = config.get("MAX_CONTENT_LENGTH") or 1024**3

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _has_body(environ) and not self._over_limit(environ):
            try:
                environ["wsgi.input"] = self._read(environ["wsgi.input"])
            except TooSlowError:
                return _refuse(start_response, "408 Request Timeout")
            except TooLargeError:
                return _refuse(start_response, "413 Content Too Large")
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                return _refuse(start_response, "507 Insufficient Storage", NO_ROOM)
        with self._seats:
            return self._app(environ, start_response)

    def _over_limit(self, environ: dict[str, Any]) -> bool:
        """Such a body is left unread: the application refuses it by its stated length, in its own words."""
        stated = environ.get("CONTENT_LENGTH", "")
        return stated.isdecimal() and int(stated) > self._limit

    def _read(self, stream: IO[bytes]) -> IO[bytes]:
        body = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the application reads it
        begin, size = time.monotonic(), 0
        while chunk := stream.read(AT_ONCE_BYTES):
            size += body.write(chunk)
            if size > self._limit:
                raise TooLargeError
            if time.monotonic() - begin > PATIENCE_SECONDS + size / SLOWEST_BYTES_PER_SECOND:
                raise TooSlowError
        body.seek(0)
        return body


def _has_body(environ: dict[str, Any]) -> bool:
    return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _refuse(start_response: Callable[..., Any], status: str, words: str = "") -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Connection", "close")])
    return [(words or status).encode()]
