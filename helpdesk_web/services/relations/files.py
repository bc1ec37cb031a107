"""The files of the vault, against their rows: each is there, has the content of its name, and is wanted."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select, update

from helpdesk_web import clock
from helpdesk_web.database import db, end_reading
from helpdesk_web.models import Attachment, Blob, Reply, Ticket
from helpdesk_web.services import desk, vault
from helpdesk_web.services.relations.fault import Cure, Fault, running
from helpdesk_web.services.store import Store

PAGE = 500
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OWN = {"lock"}  # files of the store itself


def find() -> Iterator[Fault]:
    yield from _stored_bytes()
    yield from _sizes()
    yield from _attachments_without_bytes()
    yield from _unknown_files(desk.boot().vault_dir)


# -- rows ----------------------------------------------------------------------------------------------------


def _stored_bytes() -> Iterator[Fault]:
    last = ""
    query = select(Blob.digest, Blob.size).order_by(Blob.digest).limit(PAGE)
    while blobs := db.session.execute(query.where(Blob.digest > last)).all():
        end_reading()  # reading the disk takes its time
        for digest, size in blobs:
            path = _path(digest)
            if not path.is_file():
                yield from _unusable(digest, "missing file", "is not in the vault")
            elif not _is_sound(path):
                yield from _unusable(digest, "damaged file", "has other content than it was stored with")
            elif path.stat().st_size != size:
                real = path.stat().st_size
                yield Fault("wrong size", f"blob {digest}: {size} bytes by its row, {real} on disk", _resize(digest))
        last = blobs[-1].digest


def _unusable(digest: str, kind: str, problem: str) -> Iterator[Fault]:
    """Lost content cannot be made again; bytes that no message has are forgotten."""
    users = (
        select(Attachment.id, Ticket.refid)
        .outerjoin(Reply, Reply.id == Attachment.reply_id)
        .outerjoin(Ticket, Ticket.id == Reply.ticket_id)
        .where(Attachment.digest == digest)
        .order_by(Attachment.id)
    )
    attachments = db.session.execute(users).all()
    for number, refid in attachments:
        yield Fault(kind, f"attachment {number} of ticket {refid}: its file {digest} {problem}")
    if not attachments:
        unused = ~select(Attachment.id).where(Attachment.digest == digest).exists()
        forget = delete(Blob).where(Blob.digest == digest, unused)
        what = f"blob {digest}: its file {problem}, and no message has it"
        yield Fault(kind, what, running(forget), _removing(_path(digest), unless_sound=True))


def _sizes() -> Iterator[Fault]:
    query = select(Attachment.id, Attachment.size, Attachment.digest, Blob.size.label("stored"))
    query = query.join(Blob, Blob.digest == Attachment.digest).where(Attachment.size != Blob.size)
    for row in db.session.execute(query.order_by(Attachment.id)):
        what = f"attachment {row.id}: {row.size} bytes by its row, {row.stored} by its file's"
        yield Fault("wrong size", what, _resize(row.digest))


def _resize(digest: str) -> Cure:
    def resize() -> None:
        path = _path(digest)
        if _is_sound(path):
            size = path.stat().st_size
            db.session.execute(update(Blob).where(Blob.digest == digest).values(size=size))
            db.session.execute(update(Attachment).where(Attachment.digest == digest).values(size=size))

    return resize


def _attachments_without_bytes() -> Iterator[Fault]:
    has_row = select(Blob.digest).where(Blob.digest == Attachment.digest).exists()
    query = select(Attachment.id, Attachment.digest).where(~has_row).order_by(Attachment.id)
    for number, digest in db.session.execute(query).all():
        is_there = _DIGEST.fullmatch(digest) and _is_sound(_path(digest))
        state = "the file is there" if is_there else "the file is lost too"
        what = f"attachment {number}: blob {digest} does not exist, {state}"
        yield Fault("orphan", what, _restore(digest) if is_there else None)


def _restore(digest: str) -> Cure:
    def restore() -> None:
        if db.session.get(Blob, digest) is None:
            db.session.add(Blob(digest=digest, size=_path(digest).stat().st_size, created_at=clock.now()))
            db.session.flush()

    return restore


# -- files ---------------------------------------------------------------------------------------------------


def _unknown_files(root: Path) -> Iterator[Fault]:
    batch: list[Path] = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or (path.is_file() and path.relative_to(root).as_posix() not in _OWN):
            batch.append(path)
        if len(batch) == PAGE:
            yield from _without_rows(root, batch)
            batch = []
    yield from _without_rows(root, batch)


def _without_rows(root: Path, paths: list[Path]) -> Iterator[Fault]:
    end_reading()  # look at the rows after the files, never before: an upload puts its file first
    names = [path.name for path in paths]
    known = set(db.session.scalars(select(Blob.digest).where(Blob.digest.in_(names))))
    before = clock.now() - vault.HOLD
    for path in paths:
        place = path.relative_to(root).as_posix()
        if path.parent.name == "incoming":
            if not _is_older(path, before):
                continue  # an upload under way
            yield _dangling(place, "an upload left it unfinished", _removing(path))
        elif not _belongs(root, path):
            yield _dangling(place, "nothing of the vault is called so", _removing(path))
        elif path.name not in known:
            yield _unwanted(place, path, before)


def _unwanted(place: str, path: Path, before: datetime) -> Fault:
    if not _is_sound(path):
        return _dangling(place, "it has no row and is damaged", _removing(path, unless_sound=True))
    if not _is_older(path, before):
        what = f"file {place}: it has no row yet; the sweep takes it when it has none for a day"
        return Fault("dangling file", what, passes=True)
    store = Store(desk.boot().vault_dir)
    return _dangling(place, "it has no row", lambda: store.delete(path.name, unused_since=before))


def _dangling(place: str, problem: str, remove: Callable[[], object]) -> Fault:
    return Fault("dangling file", f"file {place}: {problem}", lambda: None, remove)


def _removing(path: Path, *, unless_sound: bool = False) -> Callable[[], None]:
    """Remove a file; one whose content may have been put again meanwhile only if it was not."""

    def remove() -> None:
        if not (unless_sound and _is_sound(path)):
            path.unlink(missing_ok=True)

    return remove


def _path(digest: str) -> Path:
    return desk.boot().vault_dir / digest[:2] / digest


def _belongs(root: Path, path: Path) -> bool:
    return bool(_DIGEST.fullmatch(path.name)) and path == root / path.name[:2] / path.name and not path.is_symlink()


def _is_sound(path: Path) -> bool:
    """Whether the file is there and its content is the one that its name is the digest of."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == path.name
    except FileNotFoundError:
        return False


def _is_older(path: Path, moment: datetime) -> bool:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC) < moment
