"""What people type, made fit to store: one line, or many; never a character a database cannot hold."""

import re
import unicodedata
from dataclasses import dataclass

from flask_babel import gettext as _

from helpdesk_web.errors import InvalidInput
from helpdesk_web.markup import excerpt, render_markdown

MAX_SUBJECT = 200
MAX_MESSAGE = 100_000
MAX_NAME = 120

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Body:
    """A message as typed, its sanitised HTML, and the excerpt for lists; made before the write lock is taken."""

    text: str
    html: str
    excerpt: str


def one_line(text: object, *, field: str, limit: int, required: bool = True) -> str:
    """Return a single trimmed line, or raise InvalidInput that names the field."""
    line = _SPACES.sub(" ", _storable(text, field)).strip()
    line = "".join(char for char in line if unicodedata.category(char) != "Cc")
    if required and not line:
        raise InvalidInput(_("Please fill this in."), field)
    if len(line) > limit:
        raise InvalidInput(_("Please use at most %(n)s characters.", n=limit), field)
    return line


def many_lines(text: object, *, field: str, limit: int = MAX_MESSAGE, required: bool = True) -> str:
    """Return text with plain line ends, or raise InvalidInput that names the field."""
    lines = _storable(text, field).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if required and not lines.strip():
        raise InvalidInput(_("Please write something."), field)
    if len(lines) > limit:
        raise InvalidInput(_("This is too long: please use at most %(n)s characters.", n=limit), field)
    return lines


def body(text: object, *, field: str = "message") -> Body:
    """Check, render and sanitise a message, once."""
    lines = many_lines(text, field=field)
    return Body(lines, render_markdown(lines), excerpt(lines))


def _storable(text: object, field: str) -> str:
    if not isinstance(text, str):
        raise InvalidInput(_("This must be text."), field)
    if "\x00" in text:
        raise InvalidInput(_("This contains a character that cannot be stored."), field)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(_("This contains a character that cannot be stored."), field) from error
    return text
