"""A mail before it has headers."""

from dataclasses import dataclass, field
from typing import Any


class Unwanted(Exception):
    """The mail has no entitled reader any more; the message says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """Whom a mail goes to and what its template needs."""

    to: str
    subject: str
    facts: dict[str, Any] = field(default_factory=dict)
    refid: str | None = None  # the ticket whose mails belong together


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail."""

    to: str
    subject: str
    text: str
    html: str
    is_answer: bool = False  # goes out at once because somebody wrote: RFC 3834 "auto-replied"
    refid: str | None = None
