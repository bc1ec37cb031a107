"""Passwords: hashed with argon2id, two at a time, and never one that everybody knows.

Hash before `with writing():`, never inside: one hash takes longer than a write may.
"""

import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from flask_babel import gettext as _

from helpdesk_web.models.types import comparable

MIN_CHARACTERS = 8
MAX_BYTES = 1024  # hashing longer ones would let a stranger choose how long we work
ALONE = 4  # characters that must stand beside a word which anybody would try first

_COMMON = Path(__file__).with_name("common_passwords.txt")
_two_at_a_time = threading.BoundedSemaphore(2)  # a hash takes 19 MiB; threads beyond two wait

_STRONG = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# checked for unknown people, so that they take as long as known ones
_NOBODYS = {
    _STRONG: "$argon2id$v=19$m=19456,t=2,p=1$BEXOsAw9cVmberYWPUBo9w$4iT4FPnfD0f9dC5e169rxkVmlK5rcvYBZ5tRO1BwyFs",
    _CHEAP: "$argon2id$v=19$m=8,t=1,p=1$Bzc+9aVY2NrS1b4KKU9xgA$o2/bMHCWPk0QwKDrHHe+K2UP0TFrXkFwsPmA5N06YQc",
}


def hash_password(password: str) -> str:
    """Return the hash to store. Takes about 30 ms."""
    with _two_at_a_time:
        return _hasher().hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Tell whether this is the password; takes as long when there is none to compare with."""
    hasher = _hasher()
    if is_too_long(password):
        return False
    with _two_at_a_time:
        try:
            hasher.verify(stored or _NOBODYS[hasher], _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether the hash was made with other costs than today's."""
    return _hasher().check_needs_rehash(stored)


def is_too_long(password: str) -> bool:
    return len(_bytes(password)) > MAX_BYTES


def objection(password: str, *, about: Iterable[str] = ()) -> str | None:
    """Return the sentence that says why this password will not do, or None.

    `about` are the words an attacker tries first: the person's name and address, the desk's name.
    """
    if is_too_long(password):
        return _("That is longer than a password may be (%(n)s bytes).", n=MAX_BYTES)
    if len(password) < MIN_CHARACTERS:
        return _("Please take at least %(n)s characters.", n=MIN_CHARACTERS)
    folded = comparable(password)
    if folded in _common() or len(set(folded)) < 3:
        return _("Too many people use this password. Please choose another.")
    if _is_little_more_than(_words(about), _letters(folded)):
        return _("This is too close to your name, your address or the desk’s name.")
    return None


def _is_little_more_than(words: set[str], letters: str) -> bool:
    rest = letters
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != letters and len(rest) < ALONE


def _words(about: Iterable[str]) -> set[str]:
    """Names, addresses, what stands before the @, and every word in them, as bare letters and digits."""
    found: set[str] = set()
    for text in map(comparable, about):
        words = "".join(sign if sign.isalnum() else " " for sign in text).split()
        found |= {_letters(text), _letters(text.partition("@")[0]), *words}
    return {word for word in found if len(word) >= 4}


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def _hasher() -> PasswordHasher:
    return _CHEAP if current_app.config.get("PASSWORD_COST") == "cheap" else _STRONG


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="utf-8").split())
