"""The first rows of a desk."""

from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Desk


def found() -> bool:
    """Make the desk's one row; False when the desk is founded already."""
    if db.session.scalar(select(Desk.id)):
        return False
    db.session.add(Desk(id=1, audit_seq=0, audit_mac=""))
    db.session.flush()
    return True


def is_founded() -> bool:
    return db.session.scalar(select(Desk.id)) is not None
