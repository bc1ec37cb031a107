"""The wheel is complete: it serves from an empty folder, away from the checkout."""

import configparser
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.running import started

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as hatchling builds it; the backend is in the locked environment, so nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel, and borrows only its dependencies from ours."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    packages = next(home.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    ours = Path(pytest.__file__).parent.parent
    (packages / "dependencies.pth").write_text(f"{ours}\n")  # its own .pth files, the checkout's, stay unread
    return home / "bin" / "python"


def files(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return set(listed.stdout.split()) or {
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_carries_every_file_that_serving_needs(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())

    assert files("helpdesk_web") <= carried
    for folder in ("templates", "static", "migrations"):
        assert {f"helpdesk_web/_assets/{name}" for name in files(folder)} <= carried
    assert not [name for name in carried if name.startswith(("tests/", "templates/", "static/"))]


def test_the_installed_desk_serves_and_stops_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [str(installed), "-c", entry_point(installed)]

    with started([*command, "run"], data_dir=tmp_path / "data", cwd=empty) as desk:
        status, page = desk.wait_until_served("/login")
        assert status == 200
        assert b"<form" in page
        assert desk.get("/readyz")[0] == 200
        stylesheet = page.decode().split('rel="stylesheet" href="')[1].split('"')[0]
        assert desk.get(stylesheet)[0] == 200
        assert desk.stop() == 0

    assert not list(empty.iterdir())
    assert str(CHECKOUT) not in where(installed)


def entry_point(installed: Path) -> str:
    """What the installed script `helpdesk` does, without the script that an installer would write."""
    listed = configparser.ConfigParser()
    listed.read(next(installed.parent.parent.glob("lib/python*/site-packages/*.dist-info/entry_points.txt")))
    module, function = listed["console_scripts"]["helpdesk"].split(":")
    return f"import sys; from {module} import {function}; sys.argv[0] = 'helpdesk'; sys.exit({function}())"


def where(installed: Path) -> str:
    command = [str(installed), "-c", "import helpdesk_web; print(helpdesk_web.__file__)"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=True).stdout
