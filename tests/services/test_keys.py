"""Keys are made once, kept from others, and old ones go on verifying."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpdesk_web.config import Settings, load
from helpdesk_web.errors import SetupError
from helpdesk_web.services import keys


@pytest.fixture(autouse=True)
def fresh_ring() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def desk(folder: Path, **settings: str) -> Settings:
    return load(data_dir=folder, **settings)


def test_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = keys.secret_key(desk(tmp_path)), keys.audit_key(desk(tmp_path))
    keys.forget()

    assert (keys.secret_key(desk(tmp_path)), keys.audit_key(desk(tmp_path))) == first
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["audit-1", "secret-1"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "keys").iterdir())
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert len(first[0]) == 64


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    def make(_process: int) -> tuple[str, ...]:
        return keys._ring.__wrapped__(tmp_path / "keys", "secret")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(8)))) == 1


def test_a_newer_key_signs_and_the_older_one_still_verifies(tmp_path: Path) -> None:
    old_id, old = keys.audit_key(desk(tmp_path))
    (tmp_path / "keys" / "audit-2").write_text("f" * 64)
    keys.forget()

    new_id, new = keys.audit_key(desk(tmp_path))

    assert (new_id, new) != (old_id, old)
    assert keys.audit_key(desk(tmp_path), old_id) == (old_id, old)


def test_a_key_that_is_set_signs_and_the_ring_still_verifies(tmp_path: Path) -> None:
    ringed, _bytes = keys.audit_key(desk(tmp_path))
    settings = desk(tmp_path, audit_key="a key of many machines")

    assert keys.audit_key(settings)[1] == b"a key of many machines"
    assert keys.audit_key(settings, ringed)[0] == ringed


def test_a_key_may_move_from_the_settings_into_the_ring(tmp_path: Path) -> None:
    given, _bytes = keys.audit_key(desk(tmp_path, audit_key="a key of many machines"))
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "keys" / "audit-1").write_text("a key of many machines\n")
    keys.forget()

    assert keys.audit_key(desk(tmp_path), given)[1] == b"a key of many machines"


def test_a_key_that_is_set_leaves_no_file(tmp_path: Path) -> None:
    settings = desk(tmp_path, secret_key="s" * 16, audit_key="a" * 16)

    assert keys.secret_key(settings) == "s" * 16
    assert keys.audit_key(settings)[1] == b"a" * 16
    assert not (tmp_path / "keys").exists()


def test_an_unknown_key_is_told_by_its_id(tmp_path: Path) -> None:
    with pytest.raises(keys.UnknownKey, match="nobody"):
        keys.audit_key(desk(tmp_path), "nobody")


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file, not a folder")

    with pytest.raises(SetupError, match="No key can be written"):
        keys.secret_key(desk(tmp_path))
