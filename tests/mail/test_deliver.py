"""The way to the mail server: addresses of servers, TLS, passwords, silence, and which failures pass."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from helpdesk_web.errors import SetupError
from helpdesk_web.mail import deliver
from helpdesk_web.mail.deliver import Server
from tests.mailbox import Mailbox
from tests.running import free_port


@pytest.fixture
def post_box() -> Iterator[Mailbox]:
    box = Mailbox()
    box.start()
    yield box
    box.stop()


def mail() -> EmailMessage:
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = "carol@example.com", "desk@example.com", "Hello"
    message.set_content("One line\n.\nand another\n")
    return message


def send(url: str) -> None:
    deliver.send(mail(), Server.at(url), sender="desk@example.com", recipient="carol@example.com")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("smtp", "mail.example", 25, "", "")),
        ("smtps://mail.example", Server("smtps", "mail.example", 465, "", "")),
        (
            "smtp+starttls://u%40x:p%3Aw@mail.example",
            Server("smtp+starttls", "mail.example", 587, "u@x", "p:w"),
        ),
        ("smtp://[::1]:2525", Server("smtp", "::1", 2525, "", "")),
    ],
)
def test_the_setting_names_a_server(url: str, server: Server) -> None:
    assert Server.at(url) == server


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:port"])
def test_a_wrong_setting_is_named(url: str) -> None:
    with pytest.raises(SetupError, match="smtp_url"):
        Server.at(url)


def test_a_mail_arrives_as_it_was_sent(post_box: Mailbox) -> None:
    send(post_box.url)

    assert post_box.received[0].get_content().splitlines() == ["One line", ".", "and another"]
    assert (post_box.senders, post_box.recipients) == (["desk@example.com"], ["carol@example.com"])


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ("421 going down", deliver.Temporary),
        ("450 later", deliver.Temporary),
        ("452 no room", deliver.Temporary),
        ("550 unknown", deliver.Permanent),
        ("552 too large", deliver.Permanent),
        ("554 refused", deliver.Permanent),
    ],
)
def test_the_servers_word_decides_whether_a_failure_passes(
    post_box: Mailbox, answer: str, failure: type[Exception]
) -> None:
    post_box.answers = [answer]
    with pytest.raises(failure, match=answer):
        send(post_box.url)

    post_box.recipient_answers = [answer]
    with pytest.raises(failure, match=answer):
        send(post_box.url)


def test_a_server_that_is_not_there_is_away() -> None:
    with pytest.raises(deliver.ServerAway):
        send(f"smtp://127.0.0.1:{free_port()}")


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(deliver.ServerAway):
        send(f"smtp://127.0.0.1:{silent.getsockname()[1]}")


def test_a_server_that_says_nothing_to_the_goodbye_has_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "TIMEOUT_SECONDS", 0.5)
    with _server_of([b"250 hello", b"250 ok", b"250 ok", b"354 go on", b"250 taken"]) as port:
        send(f"smtp://127.0.0.1:{port}")


def test_a_line_that_breaks_after_the_last_byte_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "TIMEOUT_SECONDS", 0.5)
    answers = [b"250 hello", b"250 ok", b"250 ok", b"354 go on"]
    with _server_of(answers) as port, pytest.raises(deliver.Temporary):
        send(f"smtp://127.0.0.1:{port}")


@contextmanager
def _server_of(answers: list[bytes]) -> Iterator[int]:
    """A server that says its lines in turn, and then nothing any more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _peer = listening.accept()
            with line, line.makefile("rb") as said:
                line.sendall(b"220 ready\r\n")
                for answer in answers:
                    taken = said.readline()
                    while answer == b"250 taken" and taken != b".\r\n":
                        taken = said.readline()
                    line.sendall(answer + b"\r\n")
                said.read()

        talk = threading.Thread(target=serve, daemon=True)
        talk.start()
        yield listening.getsockname()[1]
        talk.join(5)


# -- TLS and passwords ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@contextmanager
def tls_server(certificate: tuple[Path, Path]) -> Iterator[tuple[Mailbox, int]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box, port = Mailbox(), free_port()

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"desk@x", b"p:w"), handled=False)

    controller = Controller(
        box,
        hostname="localhost",
        port=port,
        authenticator=authenticate,
        auth_required=True,
        tls_context=context,
        require_starttls=True,
    )
    controller.start()
    yield box, port
    controller.stop()


def test_starttls_and_a_password(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with tls_server(certificate) as (box, port):
        send(f"smtp+starttls://desk%40x:p%3Aw@localhost:{port}")
        assert len(box.received) == 1

        with pytest.raises(deliver.ServerAway, match="535"):  # the desk's fault, not the mail's
            send(f"smtp+starttls://desk%40x:wrong@localhost:{port}")


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: tuple[Path, Path]) -> None:
    with tls_server(certificate) as (box, port):
        with pytest.raises(deliver.ServerAway, match="CERTIFICATE_VERIFY_FAILED"):
            send(f"smtp+starttls://desk%40x:p%3Aw@localhost:{port}")
        assert box.received == []
