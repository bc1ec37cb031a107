"""A body is complete before the application sees its request."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from helpdesk_web import gate
from helpdesk_web.gate import Gate


class Echo:
    """Answers with the body it was given."""

    config = {"MAX_CONTENT_LENGTH": 1000}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]


class Pieces:
    """A body that comes in pieces, each by one `read`, as from the server; it has lines but no usable iteration."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, _size: int = -1) -> bytes:
        return next(self._pieces, b"")


def ask(stream: Any, **environ: str) -> tuple[str, bytes]:
    statuses: list[str] = []
    body = Gate(Echo(), at_once=1)({"wsgi.input": stream, **environ}, lambda status, _: statuses.append(status))
    return statuses[0], b"".join(body)


def test_the_pieces_of_a_body_arrive_as_one() -> None:
    assert ask(Pieces([b"a\r\n", b"b\n", b"c"]), CONTENT_LENGTH="6") == ("200 OK", b"a\r\nb\nc")


def test_a_body_without_a_stated_length_arrives_too() -> None:
    assert ask(Pieces([b"ab"]), HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", b"ab")


def test_a_body_over_the_stated_limit_is_left_for_the_application_to_refuse() -> None:
    assert ask(io.BytesIO(b"unread"), CONTENT_LENGTH="1001") == ("200 OK", b"unread")


def test_a_body_that_grows_over_the_limit_is_refused() -> None:
    assert ask(Pieces([b"a" * 600] * 2), HTTP_TRANSFER_ENCODING="chunked")[0].startswith("413")


def test_a_body_slower_than_a_poor_line_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1000, 20))
    monkeypatch.setattr(gate.time, "monotonic", lambda: next(seconds))

    def dribble() -> Iterator[bytes]:
        while True:
            yield b"a"

    assert ask(Pieces(dribble()), CONTENT_LENGTH="900")[0].startswith("408")


@pytest.mark.parametrize("length", ["", "abc", "-1", "1e3"])
def test_a_senseless_length_is_the_applications_to_judge(length: str) -> None:
    assert ask(io.BytesIO(b""), CONTENT_LENGTH=length)[0] == "200 OK"
