"""Write transactions of the product are short and do nothing that takes its time; a test in which one does fails.

Forbidden inside `writing()`: argon2, opening a connection, rendering a template or Markdown, and more than 50 ms.
Counted is the thread's own processor time, so that a busy machine fails no test, without the garbage collector's
and without compiling statements, which are kept; the first transaction of each place in the code is not timed.
What tests and the demo's filling write themselves is theirs.
"""

import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import argon2
import jinja2
from markdown_it import MarkdownIt
from sqlalchemy import ClauseElement

from helpdesk_web import database

LONGEST_SECONDS = 0.05
IDLE_LOOP_SECONDS = 0.004  # what the loop of `slowness` takes on an idle machine
TOLERANCE = 2.0  # the load may have changed between the transaction and the loop
PACKAGE = Path(database.__file__).parent
FORBIDDEN: tuple[tuple[type, str, str], ...] = (
    (argon2.PasswordHasher, "hash", "hashes a password"),
    (argon2.PasswordHasher, "verify", "checks a password"),
    (socket.socket, "connect", "opens a connection"),
    (jinja2.Template, "render", "renders a template"),
    (MarkdownIt, "parse", "renders Markdown"),
)

faults: list[str] = []  # of the test that runs
_seen: set[tuple[str, str]] = set()
_here = threading.local()


def install() -> None:
    """Watch every write transaction of this process from now on."""
    database._turn = _watched(database._turn)
    for owner, name, deed in FORBIDDEN:
        setattr(owner, name, _forbidden(getattr(owner, name), deed))
    ClauseElement._compile_w_cache = _not_counted(ClauseElement._compile_w_cache)  # type: ignore[method-assign]
    gc.callbacks.append(_count_collection)


def _watched(turn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @contextmanager
    def watched_turn(bind: Any) -> Iterator[None]:
        place = _writer(sys._getframe())
        with turn(bind):
            if place is None:
                yield
                return
            _here.place, _here.beside, begin = place, 0.0, time.thread_time()
            try:
                yield
            finally:
                _judge(place, bind.dialect.name, time.thread_time() - begin - _here.beside)
                _here.place = None

    return watched_turn


def _judge(place: str, database_kind: str, seconds: float) -> None:
    if (place, database_kind) in _seen and seconds > LONGEST_SECONDS * slowness():
        faults.append(f"{place} holds the write lock for {seconds * 1000:.0f} ms of processor time")
    _seen.add((place, database_kind))


def slowness() -> float:
    """How many times slower than an idle machine this one runs just now: processor time stretches under load."""
    begin = time.thread_time()
    sum(number * number for number in range(100_000))
    return max(1.0, (time.thread_time() - begin) / IDLE_LOOP_SECONDS) * TOLERANCE


def _writer(frame: FrameType | None) -> str | None:
    """Where in the product `with writing():` stands; None when tests or the demo write."""
    passed = {__file__, database.__file__, contextmanager.__code__.co_filename}
    while frame and frame.f_code.co_filename in passed:
        frame = frame.f_back
    if frame is None:
        return None
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(PACKAGE) or path.is_relative_to(PACKAGE / "demo"):
        return None
    return f"{path.relative_to(PACKAGE)}:{frame.f_lineno} {frame.f_code.co_name}()"


def _forbidden(act: Callable[..., Any], deed: str) -> Callable[..., Any]:
    @wraps(act)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if place := getattr(_here, "place", None):
            faults.append(f"{place} {deed} under the write lock")
        return act(*args, **kwargs)

    return watched


def _not_counted(act: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(act)
    def apart(*args: Any, **kwargs: Any) -> Any:
        begin = time.thread_time()
        try:
            return act(*args, **kwargs)
        finally:
            _here.beside = getattr(_here, "beside", 0.0) + time.thread_time() - begin

    return apart


def _count_collection(phase: str, _info: dict[str, int]) -> None:
    if phase == "start":
        _here.collecting_since = time.thread_time()
    elif hasattr(_here, "collecting_since"):
        _here.beside = getattr(_here, "beside", 0.0) + time.thread_time() - _here.collecting_since
