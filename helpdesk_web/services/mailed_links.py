"""The secret links in waiting mails: whether they still work, and emptying the mail once they do not."""

import hashlib
from typing import Any

from sqlalchemy import Text, cast, select

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.models import Job, Token
from helpdesk_web.models.job import LINK_MAIL


def token_in(args: dict[str, Any]) -> Token | None:
    """Return the living token behind the link in a mail's arguments."""
    secret = str(args.get("link", "")).rpartition("/")[2]
    living = select(Token).where(
        Token.secret_hash == hashlib.sha256(secret.encode()).hexdigest(),
        Token.used_at.is_(None),
        Token.expires_at > clock.now(),
    )
    return db.session.scalars(living).one_or_none()


def empty_dead(limit: int = 1000) -> int:
    """Take used and expired links out of the mails that hold them, and return how many were emptied."""
    holding = (
        select(Job)
        .where(Job.kind == "mail", Job.template.in_(LINK_MAIL), cast(Job.args, Text) != "{}")
        .order_by(Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    dead = [job for job in db.session.scalars(holding) if token_in(job.args) is None]
    for job in dead:
        job.args = {}
    db.session.flush()
    return len(dead)
