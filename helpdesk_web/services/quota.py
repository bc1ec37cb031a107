"""How much room people and organisations have for files, and how much of it is used."""

from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import or_, select, update

from helpdesk_web.database import db
from helpdesk_web.errors import InvalidInput, QuotaExceeded
from helpdesk_web.models import Organization, Role, User
from helpdesk_web.services import desk

MB = 1024 * 1024


def usage(user_id: int) -> int:
    """Bytes that count against this account's quota."""
    used = db.session.scalar(select(User.vault_bytes).where(User.id == user_id))
    if used is None:
        raise InvalidInput(_("That account does not exist."), "user_id")
    return used


def count(user_id: int, size: int) -> None:
    """Add to what the uploader and the organisation use, or raise QuotaExceeded.

    Each is one statement that locks the row, checks and counts, so no race can pass the limit. The order is
    always person, then organisation.
    """
    rule = desk.settings().vault
    used = User.vault_bytes + size
    has_room = or_(User.role != Role.CUSTOMER, used <= int(rule.quota_mb * MB))
    counted = update(User).where(User.id == user_id, has_room).values(vault_bytes=used)
    if not _changed(counted):
        usage(user_id)  # tells an unknown account from a full one
        raise _full(rule.quota_mb)
    member_of = db.session.scalar(select(User.organization_id).where(User.id == user_id))
    if member_of is None:
        return
    used = Organization.vault_bytes + size
    has_room = used <= int(rule.organisation_quota_mb * MB)
    counted = update(Organization).where(Organization.id == member_of, has_room).values(vault_bytes=used)
    if not _changed(counted):
        raise _organisation_full(rule.organisation_quota_mb)


def _changed(statement: Any) -> bool:
    return bool(cast(Any, db.session.execute(statement)).rowcount)


def require_room(uploader: User, size: int) -> None:
    """Look whether it would fit, so that a full account cannot fill the disk; `count` decides later."""
    rule = desk.settings().vault
    if not uploader.is_staff and usage(uploader.id) + size > int(rule.quota_mb * MB):
        raise _full(rule.quota_mb)
    if uploader.organization_id is None:
        return
    query = select(Organization.vault_bytes).where(Organization.id == uploader.organization_id)
    if (db.session.scalar(query) or 0) + size > int(rule.organisation_quota_mb * MB):
        raise _organisation_full(rule.organisation_quota_mb)


def _full(limit: float) -> QuotaExceeded:
    return QuotaExceeded(_("There is no room left: your files may take %(limit)s MB in all.", limit=f"{limit:g}"))


def _organisation_full(limit: float) -> QuotaExceeded:
    sentence = _("There is no room left: your organisation’s files may take %(limit)s MB in all.", limit=f"{limit:g}")
    return QuotaExceeded(sentence)
