"""References: never guessable, never sequential."""

import secrets
import string

LETTERS = string.ascii_letters + string.digits
LENGTH = 20  # characters after the prefix, log2(62**20) = 119 bits


def new() -> str:
    """Return a fresh reference such as `sup_Qm7vK2xTn4Rbk9LwZ3Ya`."""
    return "sup_" + "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
