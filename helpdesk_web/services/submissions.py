"""Forms that are sent once: the same key with the same content leads to the first result."""

import hashlib
import json
from typing import Any

from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Submission, User

MAX_KEY = 64


def fingerprint(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def result(user: User, key: str | None, print_: str) -> str | None:
    """Return what this form led to before, or None. An absent or odd key is no check."""
    if not key or len(key) > MAX_KEY or "\x00" in key:
        return None
    return db.session.scalar(
        select(Submission.result).where(
            Submission.user_id == user.id, Submission.key == key, Submission.fingerprint == print_
        )
    )


def remember(user: User, key: str | None, print_: str, outcome: str) -> None:
    """Store the result in the transaction that made it; call it with the person's row locked."""
    if key and len(key) <= MAX_KEY and "\x00" not in key:
        db.session.add(Submission(user_id=user.id, key=key, fingerprint=print_, result=outcome))
