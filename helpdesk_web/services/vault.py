"""Files of messages: the bytes are durable before the row that names them, and nobody exceeds their room.

The order is the promise. `store_all` writes and syncs the bytes outside the write lock; `attach` counts and
writes the rows inside the transaction. A crash between the two leaves bytes without a row, which the sweep
removes; never a row without bytes.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy import Table, and_, delete, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.datastructures import FileStorage

from helpdesk_web import clock
from helpdesk_web.database import db, end_reading, is_sqlite
from helpdesk_web.errors import InvalidInput, StorageFull
from helpdesk_web.filenames import display_name
from helpdesk_web.models import Attachment, Blob, Reply, TrackedUpload, User
from helpdesk_web.services import desk, quota, sniffing
from helpdesk_web.services.store import NoSpaceError, Store, TooLargeError

Upload = FileStorage | tuple[str, IO[bytes]]

HOLD = timedelta(days=1)  # how long bytes wait for their row before the sweep takes them
USABLE = timedelta(hours=12)  # how long after storing they may be attached: well within HOLD
BATCH = 500

_blobs = cast(Table, Blob.__table__)
_attachments = cast(Table, Attachment.__table__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes are durable and that belongs to no message yet."""

    name: str
    digest: str
    size: int
    content_type: str
    stored_at: datetime


def store_all(uploads: Sequence[Upload], uploader: User | None = None) -> list[StoredFile]:
    """Store the files of one message; InvalidInput over the limits, QuotaExceeded, StorageFull.

    Call it before the write lock is taken. Given the uploader, what has no room is refused unwritten.
    """
    if len(uploads) > desk.settings().vault.max_files:
        raise _too_many()
    if uploader is not None and uploads:
        quota.require_room(uploader, sum(map(_size, map(_stream, uploads))))
    end_reading()  # no read transaction stays open while the disk works
    return [_store(_name(upload), _stream(upload)) for upload in uploads]


def store(upload: Upload) -> StoredFile:
    """Store one file."""
    return store_all([upload])[0]


def attach(reply: Reply, uploader: User, stored: Sequence[StoredFile]) -> None:
    """Make stored files part of a message and count them; inside the transaction that writes the message."""
    if not stored:
        return
    if len(stored) > desk.settings().vault.max_files:
        raise _too_many()
    now = clock.now()
    if any(now - file.stored_at > USABLE for file in stored):  # the sweep may take it any moment
        raise InvalidInput(_("Please attach the files again."), "files")
    quota.count(uploader.id, sum(file.size for file in stored))
    _keep_blobs(stored, now)
    rows = [_row(file, reply, uploader, now) for file in stored]
    db.session.connection().execute(insert(_attachments), rows)
    db.session.expire(reply, ["attachments"])


def open_file(attachment: Attachment) -> BinaryIO:
    """Open a file's bytes; FileNotFoundError when the store has lost them."""
    return _the_store().open(attachment.digest)


def track(user_id: int, path: object, size: object) -> TrackedUpload:
    """Count room that an account uses elsewhere against its quota."""
    if not isinstance(path, str) or not path.strip() or len(path) > 500 or "\x00" in path:
        raise InvalidInput(_("Give the file's path, at most 500 characters."), "path")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**53:
        raise InvalidInput(_("Give the file's size in bytes."), "size")
    quota.count(user_id, size)
    upload = TrackedUpload(user_id=user_id, path=path, size=size)
    db.session.add(upload)
    db.session.flush()
    return upload


# -- the sweep -----------------------------------------------------------------------------------------------


def forget_unused_blobs() -> int:
    """Remove the rows of bytes that no message has had for a day; their files go in `remove_unknown_files`.

    The row is locked before it is looked at again: an `attach` of the same bytes at the same time holds the
    row's lock (its upsert updates it), so either its attachment is seen here by the second statement, or it
    waits and then inserts the row anew. SQLite has one writer, where this is so anyway.
    """
    unused = and_(Blob.created_at < clock.now() - HOLD, ~exists().where(Attachment.digest == Blob.digest))
    candidates = select(Blob.digest).where(unused).order_by(Blob.digest).limit(BATCH)
    locked = list(db.session.scalars(candidates.with_for_update(skip_locked=True)))
    if not locked:
        return 0
    gone = db.session.connection().execute(delete(_blobs).where(_blobs.c.digest.in_(locked), unused))
    return int(gone.rowcount)


def remove_unknown_files() -> int:
    """Remove bytes that have no row and were last put over a day ago; outside of any transaction.

    Bytes are attached within `USABLE` of being put, and putting renews their time under the store's lock:
    what is old and has no row now will not get one without being put again, which `delete` would notice.
    """
    vault, before = _the_store(), clock.now() - HOLD
    old = list(vault.old_digests(before))
    removed = 0
    for start in range(0, len(old), BATCH):
        batch = old[start : start + BATCH]
        end_reading()  # look at the rows after the files, never before
        known = set(db.session.scalars(select(Blob.digest).where(Blob.digest.in_(batch))))
        removed += sum(vault.delete(digest, unused_since=before) for digest in batch if digest not in known)
    return removed


# -- storing -------------------------------------------------------------------------------------------------


def _the_store() -> Store:
    return Store(desk.boot().vault_dir)


def _store(name: str, stream: IO[bytes]) -> StoredFile:
    limit = desk.settings().vault.max_file_mb
    try:
        stored = _the_store().put(stream, limit=int(limit * quota.MB))
    except TooLargeError as error:
        sentence = _("“%(name)s” is larger than %(limit)s MB.", name=name, limit=f"{limit:g}")
        raise InvalidInput(sentence, "files") from error
    except NoSpaceError as error:
        raise StorageFull from error
    return StoredFile(name, stored.digest, stored.size, sniffing.content_type(stored.head), clock.now())


def _too_many() -> InvalidInput:
    limit = desk.settings().vault.max_files
    return InvalidInput(_("Attach at most %(limit)s files to one message.", limit=limit), "files")


def _name(upload: Upload) -> str:
    return display_name(upload.filename if isinstance(upload, FileStorage) else upload[0])


def _stream(upload: Upload) -> IO[bytes]:
    return upload.stream if isinstance(upload, FileStorage) else upload[1]


def _size(stream: IO[bytes]) -> int:
    """Bytes that are still to be read, 0 when the stream cannot tell."""
    if not stream.seekable():
        return 0
    place = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(place)
    return end - place


# -- rows ----------------------------------------------------------------------------------------------------


def _keep_blobs(stored: Sequence[StoredFile], now: datetime) -> None:
    """Write the bytes' rows. One that is there already is updated, which locks it against the sweep."""
    sizes = {file.digest: file.size for file in stored}
    rows = [{"digest": digest, "size": sizes[digest], "created_at": now} for digest in sorted(sizes)]
    add = (sqlite.insert if is_sqlite() else postgresql.insert)(_blobs)
    upsert = add.on_conflict_do_update(index_elements=[_blobs.c.digest], set_={"created_at": add.excluded.created_at})
    db.session.connection().execute(upsert, rows)


def _row(file: StoredFile, reply: Reply, uploader: User, now: datetime) -> dict[str, Any]:
    return {
        "key": secrets.token_urlsafe(16),
        "reply_id": reply.id,
        "uploader_id": uploader.id,
        "digest": file.digest,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "created_at": now,
    }
