"""The key ring: secrets made once under `<data_dir>/keys/`, or given by settings.

Files are numbered (`audit-1`, `audit-2`, …): the highest signs, all of them verify. A key's id is a digest of
the key, so that one given by setting may later lie in the ring (or the other way round) and still be found.
"""

import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from helpdesk_web.config import Settings
from helpdesk_web.errors import SetupError

KEY_BYTES = 32
ID_LENGTH = 12


class UnknownKey(LookupError):
    """No key of that id is set or in the ring: what it signed cannot be checked here."""


def secret_key(settings: Settings) -> str:
    """Return the key that signs cookies and form tokens, made on first use."""
    return settings.secret_key or _ring(settings.data_dir / "keys", "secret")[-1]


def audit_key(settings: Settings, key_id: str | None = None) -> tuple[str, bytes]:
    """Return id and bytes of the key that signs the audit now, or of the one named `key_id`."""
    known = _audit_keys(settings.data_dir, settings.audit_key)
    if key_id is None:
        return next(reversed(known.items()))
    if key_id not in known:
        raise UnknownKey(key_id)
    return key_id, known[key_id]


def forget() -> None:
    """Read the ring again on next use, after a key was put there."""
    _ring.cache_clear()
    _audit_keys.cache_clear()


@lru_cache(maxsize=8)
def _audit_keys(data_dir: Path, given: str | None) -> dict[str, bytes]:
    """Every key that may have signed a record; the one that signs now comes last."""
    folder = data_dir / "keys"
    texts = _on_disk(folder, "audit") if given else list(_ring(folder, "audit"))
    keys = [text.encode() for text in texts if text != given]
    if given:
        keys.append(given.encode())
    return {_id_of(key): key for key in keys}


@lru_cache(maxsize=8)
def _ring(folder: Path, name: str) -> tuple[str, ...]:
    """The keys of one purpose, oldest first; the first is made when there is none."""
    if not (texts := _on_disk(folder, name)):
        _make(folder, name)
        texts = _on_disk(folder, name)
    return tuple(texts)


def _on_disk(folder: Path, name: str) -> list[str]:
    numbered = {
        int(number): path
        for path in folder.glob(f"{name}-*")
        if (number := path.name.removeprefix(f"{name}-")).isdecimal()
    }
    try:
        return [text for _, path in sorted(numbered.items()) if (text := path.read_text().strip())]
    except OSError as error:
        raise SetupError(f"The keys in {folder} cannot be read: {error.strerror}.") from error


def _make(folder: Path, name: str) -> None:
    """Write the first key whole or not at all; of two processes that start at once one's is dropped."""
    draft = folder / f".{name}-{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, folder / f"{name}-1")
        draft.unlink()
        sync_folder(folder)
    except OSError as error:
        raise SetupError(f"No key can be written to {folder}: {error.strerror}.") from error


def sync_folder(folder: Path) -> None:
    """See a new file's name on the disk, as fsync sees its content there."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _id_of(key: bytes) -> str:
    return hmac.digest(key, b"helpdesk key id", "sha256").hex()[:ID_LENGTH]
