"""The server and the browser that stories and pictures are made with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.running import Program, started, wait_until

HELPDESK = ["-c", "from helpdesk_web.cli import main; main()"]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=list(QUIET))
        yield browser
        browser.close()


def environment(folder: Path) -> dict[str, str]:
    """The settings of a desk in this folder, for a command of `helpdesk`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
    return inherited | {"HELPDESK_DATA_DIR": str(folder)}


@contextmanager
def served(folder: Path, *command: str) -> Iterator[Program]:
    """Start web and worker on this folder's desk and wait until both are there."""
    with started([*HELPDESK, *(command or ("run",))], data_dir=folder, HELPDESK_WEB_WORKERS="1") as program:
        program.wait_until_served("/login")
        wait_until(lambda: program.get("/readyz")[0] == 200)
        yield program
        program.stop()
