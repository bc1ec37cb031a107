"""What accounts and organisations use of the vault, against the files they have."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from helpdesk_web.database import db
from helpdesk_web.models import Attachment, Organization, TrackedUpload, User
from helpdesk_web.services.relations.fault import Cure, Fault


def find() -> Iterator[Fault]:
    used = _used_by(User.id)
    for number, said, counted in _differing(User, used):
        what = f"account {number}: it is said to use {said} bytes and uses {counted}"
        yield Fault("wrong count", what, _cure(User, number, used))
    used = _used_by(User.id, of_members=True)
    for number, said, counted in _differing(Organization, used):
        what = f"organisation {number}: it is said to use {said} bytes and uses {counted}"
        yield Fault("wrong count", what, _cure(Organization, number, used))


def _used_by(account: Any, *, of_members: bool = False) -> Any:
    """The bytes of one account's files, or those of all members of an organisation."""
    if of_members:
        members = select(User.id).where(User.organization_id == Organization.id).correlate(Organization)
        mine, tracked = Attachment.uploader_id.in_(members), TrackedUpload.user_id.in_(members)
        owner: Any = Organization
    else:
        mine, tracked, owner = Attachment.uploader_id == account, TrackedUpload.user_id == account, User
    files = select(func.coalesce(func.sum(Attachment.size), 0)).where(mine).correlate(owner)
    others = select(func.coalesce(func.sum(TrackedUpload.size), 0)).where(tracked).correlate(owner)
    return files.scalar_subquery() + others.scalar_subquery()


def _differing(owner: Any, used: Any) -> Any:
    query = select(owner.id, owner.vault_bytes, used).where(owner.vault_bytes != used).order_by(owner.id)
    return db.session.execute(query)


def _cure(owner: Any, number: int, used: Any) -> Cure:
    def count() -> User | None:
        found = db.session.get(owner, number, with_for_update=True)
        if found is None:
            return None
        found.vault_bytes = int(db.session.scalar(select(used).select_from(owner).where(owner.id == number)) or 0)
        db.session.flush()
        return found if isinstance(found, User) else None

    return count
