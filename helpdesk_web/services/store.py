"""Bytes on the local disk, named by their SHA-256: put, open, delete.

What `put` returned is durable: the file is written under another name, synced and renamed, its folder synced.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from helpdesk_web import clock

CHUNK = 256 * 1024  # bytes read at once
KEPT_FREE = 256 * 1024 * 1024  # bytes left to the database beside us, or a twentieth of a small disk

_DIGEST = re.compile(r"[0-9a-f]{64}")


class TooLargeError(ValueError):
    """The stream holds more than was allowed."""


class NoSpaceError(OSError):
    """The disk cannot take it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are safely on disk, and their first ones to tell what they are."""

    digest: str
    size: int
    head: bytes


class Store:
    """A folder of files named by their content; any number of processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, stream: IO[bytes], *, limit: int) -> Stored:
        """Keep what the stream holds; TooLargeError over `limit` bytes, NoSpaceError on a full disk."""
        try:
            return self._put(stream, limit)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
                raise NoSpaceError(error.errno, "no space for files") from error
            raise

    def open(self, digest: str) -> BinaryIO:
        """Open for reading; FileNotFoundError when it is not here."""
        return self._path(digest).open("rb")

    def delete(self, digest: str, *, unused_since: datetime) -> bool:
        """Remove the bytes unless they were put after this moment; returns whether it did.

        Putting renews the file's time under the same lock, so that whoever puts these bytes while they are
        about to be removed keeps them: either the fresh time is seen here, or the file is written anew.
        """
        path = self._path(digest)
        with self._locked():
            if not _is_older(path, unused_since):
                return False
            path.unlink(missing_ok=True)
        return True

    def old_digests(self, before: datetime) -> Iterator[str]:
        """Yield what was last put before this moment, and clear away what crashed uploads left."""
        self._clear_incoming(before)
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if _DIGEST.fullmatch(path.name) and _is_older(path, before):
                    yield path.name

    def _put(self, stream: IO[bytes], limit: int) -> Stored:
        incoming = _private(_private(self._root) / "incoming")
        self._require_room()
        passing = incoming / secrets.token_hex(16)
        try:
            stored = _write(passing, stream, limit)
            self._place(passing, stored.digest)
        finally:
            passing.unlink(missing_ok=True)
        return stored

    def _place(self, passing: Path, digest: str) -> None:
        path = self._path(digest)
        _private(path.parent)
        now = clock.now().timestamp()
        with self._locked():
            os.utime(passing, (now, now))
            os.replace(passing, path)  # over an equal file too: heals a damaged one, renews its time
        _sync(path.parent)

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        return self._root / digest[:2] / digest

    def _require_room(self) -> None:
        usage = shutil.disk_usage(self._root)
        if usage.free < min(KEPT_FREE, usage.total // 20):
            raise NoSpaceError(errno.ENOSPC, "no space for files")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process and thread at a time; held for a rename or a removal only."""
        handle = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _clear_incoming(self, before: datetime) -> None:
        for path in self._root.glob("incoming/*"):
            if _is_older(path, before):
                path.unlink(missing_ok=True)


def _write(path: Path, stream: IO[bytes], limit: int) -> Stored:
    digest, size, head = hashlib.sha256(), 0, b""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise TooLargeError
            digest.update(chunk)
            head = head or chunk
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Stored(digest.hexdigest(), size, head)


def _private(folder: Path) -> Path:
    """Make a folder that only we can enter, durably."""
    if not folder.is_dir():
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
        _sync(folder.parent)
    return folder


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment
    except FileNotFoundError:
        return False
