"""Whatever people type, one header of each kind goes out, and the mail does go out."""

import email
import email.policy
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_web.mail import compose, headers
from helpdesk_web.mail.letter import Letter
from tests.jobs.tools import with_desk

ONCE = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Auto-Submitted",
    "References",
)
PIECES = [
    *("é", "𝔘", "ﬀ", "日本", "@", "<", ">", '"', ",", ";", "=?", "?=", "\\", "=?utf-8?q?hi=0ABcc=3A_x?="),
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\u2028",
    "\x85",
    "\u202e",
    "\ud800",
    " ",
    "\t",
    "Bcc: x@y.example",
    "a" * 90,
]
hostile = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@pytest.fixture(scope="module")
def desk(sqlite_desk: Flask) -> Any:
    with sqlite_desk.app_context():
        yield sqlite_desk


@given(subject=hostile, text=hostile, html=hostile)
@settings(max_examples=150, deadline=None)
def test_a_mail_comes_out_as_it_went_in(desk: Flask, subject: str, text: str, html: str) -> None:
    letter = Letter("carol@example.com", subject, text + "\n", f"<p>{html}</p>\n", refid="sup_abc")

    raw = compose.message(letter, "<one@localhost>").as_bytes()

    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert all(len(read.get_all(name, [])) == 1 for name in ONCE)
    assert read.keys() == compose.message(letter, "<one@localhost>").keys()
    assert read["Subject"] == headers.one_line(subject)
    assert read["To"].addresses[0].addr_spec == "carol@example.com"
    assert read["Message-ID"] == "<one@localhost>"
    assert _body(read, "plain") == headers.many_lines(text + "\n")
    assert _body(read, "html") == headers.many_lines(f"<p>{html}</p>\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\0" not in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


def _body(read: Any, kind: str) -> str:
    return read.get_body((kind,)).get_content().replace("\r\n", "\n")


@given(name=hostile)
@settings(max_examples=100, deadline=None)
def test_a_desk_may_be_called_anything(desk: Flask, name: str) -> None:
    sender = headers.sender(None, name, "help.example.com")

    read = email.message_from_bytes(f"From: {sender}\r\n\r\n".encode(), policy=email.policy.default)

    (mailbox,) = read["From"].addresses
    assert mailbox.addr_spec == "support@help.example.com"
    # the reading side of Python's library puts a space between encoded words of a name
    assert mailbox.display_name.replace(" ", "") == headers.one_line(name).replace(" ", "")


@pytest.mark.parametrize(
    "bad",
    [
        "carol@example.com\r\nRCPT TO:<mallory@evil.example>",
        "carol@example.com\0",
        "<carol@example.com>",
        "carol@example.com, mallory@evil.example",
        "carol example.com",
        "carol@",
        "@example.com",
        "carol@exa mple.com",
        '"carol\r\n"@example.com',
        "carol@" + "a" * 300 + ".example",
        "",
    ],
)
def test_an_address_that_says_more_than_an_address_is_refused(bad: str) -> None:
    with pytest.raises(headers.BadAddress):
        headers.address(bad)


def test_a_domain_in_another_script_is_reached_by_its_ascii_name() -> None:
    assert headers.address("anna@bücher.example") == "anna@xn--bcher-kva.example"


def test_mail_comes_from_the_desk_unless_told_otherwise(app: Flask) -> None:
    with_desk(app, desk_name="Kiln & Co")
    assert compose.sender() == headers.Mailbox("Kiln & Co", "support@localhost")

    app.config["HELPDESK"] = app.config["HELPDESK"].model_copy(update={"mail_from": "Help <help@kiln.example>"})
    assert compose.sender() == headers.Mailbox("Help", "help@kiln.example")


def test_mail_says_that_a_machine_sent_it(app: Flask) -> None:
    answer = compose.message(Letter("a@example.com", "s", "t", "h", is_answer=True), "<1@localhost>")
    notice = compose.message(Letter("a@example.com", "s", "t", "h"), "<2@localhost>")

    assert answer["Auto-Submitted"] == "auto-replied"
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice["X-Auto-Response-Suppress"] == "All"
