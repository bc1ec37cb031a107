"""A real mail server inside the test run, which keeps what it gets and answers as it is told."""

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from tests.running import free_port


class Mailbox:
    """`received` holds each mail that was answered with 250; `answers` are given first, one a mail."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.answers: list[str] = []
        self.recipient_answers: list[str] = []
        self.after_data: Callable[[], None] | None = None
        self._controller: Controller | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.received]

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers and not self.answers[0].startswith("250"):
            return self.answers.pop(0)
        self.raw.append(envelope.content)
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from)
        return self.answers.pop(0) if self.answers else "250 taken"


@contextmanager
def running_for(app: Flask) -> Iterator[Mailbox]:
    """Start a mail server and make it the one this application sends through."""
    mailbox = Mailbox()
    mailbox.start()
    before = app.config["HELPDESK"]
    app.config["HELPDESK"] = before.model_copy(update={"smtp_url": mailbox.url})
    try:
        yield mailbox
    finally:
        app.config["HELPDESK"] = before
        mailbox.stop()


@pytest.fixture
def mailbox(app: Flask) -> Iterator[Mailbox]:
    with running_for(app) as started:
        yield started
