"""Values fit for a header: whatever a person typed, one line goes out and nothing else."""

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from email.header import Header
from email.utils import parseaddr, quote

MAX_LENGTH = 200
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of characters, line and paragraph separators
_DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}")


class BadAddress(ValueError):
    """No mail can go to or from this address."""


def one_line(text: str) -> str:
    """Return the text without line breaks, controls and marks that turn the reading direction."""
    fit = (" " if _is_unfit(char) else char for char in text)
    line = " ".join("".join(fit).split())[:MAX_LENGTH].strip()
    return line.replace("=?", "= ?")  # would be read as an encoded word


def many_lines(text: str) -> str:
    """Return a body without characters that no mail can carry."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))


def address(text: str) -> str:
    """Return an address that can stand in a header and in an SMTP command, or raise BadAddress."""
    local, _at, domain = text.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadAddress(f"{domain!r} is no mail domain") from error
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise BadAddress(f"{text!r} is no address mail can be sent to")
    return f"{local}@{ascii_domain}"


def encoded(text: str, *, room: int) -> str:
    """Return one line as it stands in a header, folded; `room` is what the first line has left of 76 columns.

    Not left to the standard library's folding, which loses spaces between encoded words.
    """
    words = text.split(" ")
    if text.isascii() and max(map(len, words)) <= room:
        return "\r\n ".join(textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False))
    return Header(text, "utf-8", maxlinelen=76, header_name="x" * (74 - room)).encode(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        name = f'"{quote(self.name)}"' if self.name.isascii() else encoded(self.name, room=66)
        return f"{name}\r\n <{self.address}>" if self.name else self.address


def sender(mail_from: str | None, desk_name: str, domain: str) -> Mailbox:
    """Return who mail is from: `mail_from` ("Name <address>" or an address), else support@domain."""
    name, spec = parseaddr(mail_from or f"support@{domain}")
    return Mailbox(one_line(name or desk_name), address(spec))


def _is_unfit(char: str) -> bool:
    return char in _DIRECTION or unicodedata.category(char) in _UNFIT
