"""References: never guessable, never sequential."""

import secrets
import string
from collections.abc import Callable

_ALPHABET = string.ascii_letters + string.digits
LENGTH = 20  # characters after the prefix, log2(62**20) = 119 bits


def new(choose: Callable[[str], str] = secrets.choice) -> str:
    """Return a fresh reference such as `sup_Qm7vK2xTn4Rbk9LwZ3Ya`; only the demo chooses in a way of its own."""
    return "sup_" + "".join(choose(_ALPHABET) for _ in range(LENGTH))
