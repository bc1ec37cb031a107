"""Values fit for a header: whatever a person typed, one line goes out and nothing else."""

import re
import unicodedata
from email.headerregistry import Address
from email.utils import parseaddr

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


def sender(mail_from: str | None, desk_name: str, domain: str) -> Address:
    """Return who mail is from: `mail_from` ("Name <address>" or an address), else support@domain."""
    name, spec = parseaddr(mail_from or f"support@{domain}")
    return Address(display_name=one_line(name or desk_name), addr_spec=address(spec))


def _is_unfit(char: str) -> bool:
    return char in _DIRECTION or unicodedata.category(char) in _UNFIT
