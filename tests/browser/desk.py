"""The server and the browser that stories and pictures are made with."""

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


@contextmanager
def served(folder: Path, *command: str) -> Iterator[Program]:
    """Start web and worker on this folder's desk and wait until both are there."""
    with started([*HELPDESK, *(command or ("run",))], data_dir=folder, HELPDESK_WEB_WORKERS="1") as program:
        program.wait_until_served("/login")
        wait_until(lambda: program.get("/readyz")[0] == 200)
        yield program
        program.stop()
