"""Bytes on disk: named by what they are, private, durable, and gone only when nobody just put them."""

import errno
import hashlib
import io
import os
import stat
from datetime import timedelta

import pytest

from helpdesk_web.services import store as module
from helpdesk_web.services.store import NoSpaceError, Store, TooLargeError

LIMIT = 1024


@pytest.fixture
def store(tmp_path, clock):
    return Store(tmp_path / "vault")


def put(store, content=b"hello", limit=LIMIT):
    return store.put(io.BytesIO(content), limit=limit)


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def test_bytes_come_back_under_their_digest(store):
    stored = put(store, b"hello")

    assert (stored.digest, stored.size) == (hashlib.sha256(b"hello").hexdigest(), 5)
    with store.open(stored.digest) as file:
        assert file.read() == b"hello"


def test_equal_bytes_are_kept_once_and_a_damaged_copy_is_healed(store, tmp_path):
    digest = put(store).digest
    path = tmp_path / "vault" / digest[:2] / digest
    path.write_bytes(b"rotten")

    put(store)

    assert files_in(tmp_path / "vault") == [digest]
    assert path.read_bytes() == b"hello"


def test_only_we_can_read_them(store, tmp_path):
    digest = put(store).digest
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "vault", *(tmp_path / "vault").rglob("*")]}

    assert modes[tmp_path / "vault" / digest[:2] / digest] == 0o600
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


@pytest.mark.parametrize(
    "name", ["", "..", "../keys/secret", "A" * 64, "0" * 63, "0" * 65, "0" * 63 + "/", "0" * 64 + "\n"]
)
def test_nothing_but_a_digest_is_looked_up(store, name, clock):
    put(store)

    with pytest.raises(ValueError, match="digest"):
        store.open(name)
    with pytest.raises(ValueError, match="digest"):
        store.delete(name, unused_since=clock.now())


def test_too_large_a_stream_leaves_nothing(store, tmp_path):
    with pytest.raises(TooLargeError):
        put(store, b"x" * (LIMIT + 1))

    assert files_in(tmp_path / "vault") == []
    assert put(store, b"x" * LIMIT).size == LIMIT


def test_file_and_folder_are_synced_before_put_returns(store, tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.readlink(f"/proc/self/fd/{handle}")), real(handle))
    )

    digest = put(store).digest

    assert any("/incoming/" in path for path in synced)
    assert synced[-1] == str(tmp_path / "vault" / digest[:2])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_leaves_nothing_and_heals_by_itself(store, tmp_path, monkeypatch, code):
    def full(_handle):
        raise OSError(code, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpaceError):
        put(store)
    monkeypatch.undo()

    assert files_in(tmp_path / "vault") == []
    assert put(store).size == 5


def test_room_is_left_to_the_database(store, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1000, "total": 10**9}))

    with pytest.raises(NoSpaceError):
        put(store)


def test_bytes_put_again_are_not_removed(store, clock):
    digest = put(store).digest
    clock.tick(days=2)
    put(store)

    assert not store.delete(digest, unused_since=clock.now() - timedelta(days=1))
    store.open(digest).close()


def test_what_a_crashed_upload_left_is_cleared_after_a_day(store, tmp_path, clock):
    put(store)
    left = tmp_path / "vault" / "incoming" / "abc"
    left.write_bytes(b"half")
    os.utime(left, (clock.now().timestamp(),) * 2)

    list(store.old_digests(clock.now() - timedelta(days=1)))
    assert left.exists()
    clock.tick(days=2)
    assert len(list(store.old_digests(clock.now() - timedelta(days=1)))) == 1
    assert not left.exists()
