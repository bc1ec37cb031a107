"""Addresses and names as people type them, made fit for storing, or refused with a reason."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from helpdesk_web.errors import InvalidInput
from helpdesk_web.models.types import comparable

LONGEST_NAME = 120
_INTRANET = re.compile(r"(.*\.)?(local|localhost|test|invalid|internal|lan|home\.arpa)", re.IGNORECASE)
_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_address(text: str) -> str:
    """Return the mail address to store; InvalidInput when it is none or could be taken for another's."""
    plain = text.strip()
    try:
        address = _validated(plain)
    except EmailNotValidError as error:
        raise InvalidInput(_("That is not a mail address."), field="email") from error
    if len(address) > 254 or comparable(address) != address.lower():
        # comparing would fold ß into ss, or full width into plain, and so merge two mailboxes
        raise InvalidInput(_("Please write the address with plain letters."), field="email")
    return address


def clean_name(text: str) -> str:
    """Return a name on one line, without signs that change how the text around it reads."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) != "Cc" and sign not in _DIRECTION)
    if not kept.strip():
        raise InvalidInput(_("Please tell us your name."), field="name")
    return kept.strip()[:LONGEST_NAME]


def name_from(address: str) -> str:
    """Return what to call someone of whom only the address is known."""
    return address.split("@")[0][:LONGEST_NAME]


def _validated(text: str) -> str:
    """Addresses of an intranet are as good as any, though no public domain ends like theirs."""
    local, at, domain = text.rpartition("@")
    if at and _INTRANET.fullmatch(domain):
        checked = validate_email(f"{local}@example.com", check_deliverability=False)
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", domain, re.IGNORECASE) or ".." in domain:
            raise EmailNotValidError
        return f"{checked.local_part}@{domain.lower()}"
    return validate_email(text, check_deliverability=False).normalized
