"""`./run` on machines that lack something: one line says what to do; and on a warm one it only starts."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
TOOLS = ("sh", "dirname", "cat", "cmp", "mkdir", "rm", "id", "uname")

OLD_PYTHON = 'case "$1" in -c) exit 1 ;; -V) echo Python 3.9.2 ;; esac'
BARE_PYTHON = 'case "$1" in -c) exit 0 ;; *) exit 1 ;; esac'
NO_NETWORK_PYTHON = 'case "$*" in -c*|*--version) exit 0 ;; *) exit 1 ;; esac'
SAYS_ITS_ARGUMENTS = 'echo "$(basename "$0") $*"; echo "data in ${HELPDESK_DATA_DIR:-the default}"'


@dataclass
class Machine:
    """A checkout on a machine that has a few tools and the Python that a test gives it."""

    folder: Path
    bin: Path

    def program(self, path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def has_python(self, script: str) -> None:
        self.program(self.bin / "python3", script)

    def is_set_up(self, lock: str) -> None:
        for name in ("helpdesk", "python", "ruff", "mypy"):
            self.program(self.folder / ".venv/bin" / name, SAYS_ITS_ARGUMENTS)
        stamp = f"{self.folder}\n" + (self.folder / lock).read_text() + self.pyproject.read_text()
        (self.folder / ".venv/stamp").write_text(stamp)

    @property
    def pyproject(self) -> Path:
        return self.folder / "pyproject.toml"

    def run(self, *arguments: str, user: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        who = pwd.getpwnam(user).pw_uid if user else None
        return subprocess.run(
            [str(self.folder / "run"), *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.folder), **env},
            cwd="/",
            user=who,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as name:  # not tmp_path: `nobody` must be able to come here
        base = Path(name).resolve()
        base.chmod(0o755)
        there = Machine(base / "check out", base / "bin")  # a blank in the name does no harm
        there.folder.mkdir()
        there.bin.mkdir()
        for file in ("run", "core.lock", "dev.lock", "tools.lock", "pyproject.toml"):
            shutil.copy(CHECKOUT / file, there.folder)
        for tool in (*TOOLS, "basename"):
            (there.bin / tool).symlink_to(str(shutil.which(tool)))
        yield there


def only_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("Setting up")]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_a_python_that_is_too_old(machine: Machine) -> None:
    machine.has_python(OLD_PYTHON)

    assert "Python 3.11 or newer is needed (found: Python 3.9.2)" in only_line(machine.run())


def test_no_python_at_all(machine: Machine) -> None:
    assert "Python 3.11 or newer is needed (found: none)" in only_line(machine.run())


def test_neither_pip_nor_venv(machine: Machine) -> None:
    machine.has_python(BARE_PYTHON)

    assert "apt-get install python3-pip" in only_line(machine.run())


def test_no_network(machine: Machine) -> None:
    machine.has_python(NO_NETWORK_PYTHON)

    assert "check the network, or name a mirror in PIP_INDEX_URL" in only_line(machine.run())


def test_a_folder_that_may_not_be_written(machine: Machine) -> None:
    machine.has_python(NO_NETWORK_PYTHON)
    machine.folder.chmod(0o555)

    ended = machine.run(user="nobody" if os.geteuid() == 0 else None)

    assert "may not write in" in only_line(ended)


@pytest.mark.parametrize("lock", ["core.lock", "dev.lock"])
def test_a_warm_start_needs_no_python_to_look_after_it(machine: Machine, lock: str) -> None:
    machine.is_set_up(lock)

    assert machine.run().stdout.startswith("helpdesk run\n")
    assert machine.run("user", "link", "a b@example.com").stdout.startswith("helpdesk user link a b@example.com\n")


@pytest.mark.parametrize("change", ["lock", "project", "place"])
def test_what_was_set_up_for_something_else_is_set_up_again(machine: Machine, change: str) -> None:
    machine.is_set_up("core.lock")
    if change == "place":
        machine.folder = machine.folder.rename(machine.folder.with_name("moved"))
    else:
        (machine.folder / {"lock": "core.lock", "project": "pyproject.toml"}[change]).open("a").write("\n")

    assert "Setting up" in machine.run().stderr


def test_the_demo_has_a_data_directory_of_its_own(machine: Machine) -> None:
    machine.is_set_up("core.lock")

    started = machine.run("demo", "--tickets", "9")
    assert started.stdout == f"helpdesk demo --serve --tickets 9\ndata in {machine.folder}/var/demo\n"
    assert "data in /elsewhere" in machine.run("demo", HELPDESK_DATA_DIR="/elsewhere").stdout


def test_tests_skip_the_browser_loudly_unless_it_is_required(machine: Machine) -> None:
    machine.is_set_up("dev.lock")
    machine.program(machine.folder / ".venv/bin/python", '[ "$2" != playwright ] && echo "$*"')

    assert "NO BROWSER" in machine.run("test").stderr
    required = machine.run("test", REQUIRE_BROWSER="1")
    assert required.returncode == 1
    assert "No Chromium, and REQUIRE_BROWSER is set" in required.stderr


def test_the_slow_tests_run_only_in_full(machine: Machine) -> None:
    machine.is_set_up("dev.lock")
    machine.program(machine.bin / "chromium", "")

    assert "-m not slow" in machine.run("test").stdout
    assert "not slow" not in machine.run("test", "--full").stdout


def test_a_chosen_part_is_tested_without_the_linters(machine: Machine) -> None:
    machine.is_set_up("dev.lock")
    machine.program(machine.bin / "chromium", "")

    assert "ruff check ." in machine.run("test").stdout
    chosen = machine.run("test", "-k", "two words").stdout
    assert "ruff" not in chosen
    assert "-k two words" in chosen


def test_the_browser_that_was_named_is_taken(machine: Machine) -> None:
    machine.is_set_up("dev.lock")
    machine.program(machine.folder / ".venv/bin/python", 'echo "with $CHROMIUM"')
    machine.program(machine.folder / "my browser", "")

    named = machine.run("test", CHROMIUM=str(machine.folder / "my browser"))

    assert f"with {machine.folder}/my browser" in named.stdout


def packages(lock: str) -> dict[str, str]:
    """The requirement lines of a lock file by package, hashes included."""
    blocks = re.split(r"\n(?=\S)", (CHECKOUT / lock).read_text().strip())
    return {block.split("==")[0]: block for block in blocks}


@pytest.mark.parametrize("lock", ["core.lock", "dev.lock", "tools.lock"])
def test_a_lock_names_exact_versions_with_hashes_and_no_address(lock: str) -> None:
    for block in packages(lock).values():
        assert re.match(r"[a-z0-9.\[\]-]+==\S+", block)
        assert "--hash=sha256:" in block
        assert "://" not in block


def test_the_tests_environment_holds_all_that_serving_needs() -> None:
    assert packages("core.lock").items() <= packages("dev.lock").items()
