"""Hands a mail to the desk's mail server, and says whether a failure will pass."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from helpdesk_web.errors import SetupError

TIMEOUT_SECONDS = 20.0  # for each answer of the server
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class Temporary(Exception):
    """Worth another try: the server said so (4xx), or went away."""


class ServerAway(Temporary):
    """The server cannot be used at all, which says nothing about this mail."""


class Permanent(Exception):
    """The server refused this mail for good (5xx)."""


@dataclass(frozen=True, slots=True)
class Server:
    """`smtp_url` taken apart."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def at(cls, url: str) -> "Server":
        """Read smtp://, smtps:// or smtp+starttls://user:password@host:port, or raise SetupError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in PORTS or not parts.hostname:
            raise SetupError(
                "Wrong setting smtp_url: give smtp+starttls://user:password@host:587, smtps:// or smtp://."
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)


def send(message: EmailMessage, server: Server, *, sender: str, recipient: str) -> None:
    """Return once the server has taken the mail (250); raise Temporary or Permanent otherwise.

    When the line breaks after the last byte nobody knows: that is Temporary, and the repeat has the same id.
    """
    with _connected(server) as smtp:
        try:
            smtp.send_message(message, from_addr=sender, to_addrs=[recipient])
        except smtplib.SMTPRecipientsRefused as error:
            raise _sorted(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Permanent(str(error)) from error
        except smtplib.SMTPResponseException as error:
            raise _sorted(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(_words(error)) from error


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    smtp: smtplib.SMTP | None = None
    try:
        try:
            smtp = _connect(server)
            if server.user:
                smtp.login(server.user, server.password)
        except (smtplib.SMTPException, OSError) as error:
            raise ServerAway(_words(error)) from error
        yield smtp
    finally:
        if smtp is not None:
            # The mail is taken or not by now: how the goodbye goes must not change that.
            with suppress(Exception):
                smtp.quit()
            smtp.close()


def _connect(server: Server) -> smtplib.SMTP:
    if server.scheme == "smtps":
        verified = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=verified)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    if server.scheme == "smtp+starttls":
        smtp.starttls(context=ssl.create_default_context())
    return smtp


def _sorted(code: int, words: bytes | str) -> Exception:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    text = f"{code} {' '.join(said.split())}"
    return Permanent(text) if 500 <= code < 600 else Temporary(text)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return str(_sorted(error.smtp_code, error.smtp_error))
    return f"{type(error).__name__}: {error}"
