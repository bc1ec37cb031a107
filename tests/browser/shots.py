"""Pictures of every page of the demo desk, to be looked at: `python -m tests.browser.shots OUTDIR [PART …]`.

Each page in light and dark at 360, 768 and 1440 px; PART keeps to pages whose name begins so.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from helpdesk_web.demo.staff import PASSWORD
from tests import chromium
from tests.browser import desk

WIDTHS = {360: 740, 768: 1024, 1440: 900}
THEMES = ("light", "dark")
TICKETS = 600

# name: who looks (nobody: a stranger), from where, and the links to follow from there, first match each
PAGES = {
    "auth-sign-in": ("", "/login", ()),
    "auth-sign-in-wrong": ("", "/login", ("main .button--primary",)),
    "auth-register": ("", "/register", ()),
    "auth-register-wrong": ("", "/register", ("main .button--primary",)),
    "auth-forgotten": ("", "/password/reset", ()),
    "auth-dead-link": ("", "/verify/worn-out", ()),
    "auth-not-found": ("", "/nothing-here", ()),
    "portal-stranger": ("", "/", ()),
    "portal-home": ("carol", "/", ()),
    "portal-list": ("carol", "/support/tickets?filter=all", ()),
    "portal-none": ("carol", "/support/tickets?filter=all&q=zzz", ()),
    "portal-new": ("carol", "/support/tickets/new", ()),
    "portal-new-wrong": ("carol", "/support/tickets/new", ("main .button--primary",)),
    "portal-request": ("carol", "/support/tickets?filter=open", (".request-row a",)),
    "portal-solved": ("carol", "/support/tickets?filter=solved", (".request-row a",)),
    "profile": ("carol", "/profile", ()),
    "console-inbox": ("alex", "/console/queues/inbox", ()),
    "console-mine": ("alex", "/console/queues/mine", ()),
    "console-late": ("alex", "/console/queues/breached", ()),
    "console-waiting": ("alex", "/console/queues/waiting", ()),
    "console-closed": ("alex", "/console/queues/closed", ()),
    "console-ticket": ("alex", "/console/queues/inbox", (".row__subject",)),
    "console-ticket-mine": ("alex", "/console/queues/mine", (".row__subject",)),
    "console-ticket-resolved": ("alex", "/console/queues/resolved", (".row__subject",)),
    "console-new": ("alex", "/console/tickets/new", ()),
    "console-outbox": ("alex", "/console/outbox", ()),
    "analytics": ("sam", "/analytics/", ()),
    "admin-people": ("ada", "/admin/people", ()),
    "admin-customers": ("ada", "/admin/people?group=customers", ()),
    "admin-person": ("ada", "/admin/people", ("a.person",)),
    "admin-invite": ("ada", "/admin/people/invitations/new", ()),
    "admin-outbox": ("ada", "/admin/outbox", ()),
    "admin-mail": ("ada", "/admin/outbox", (".outbox__what",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", help="the beginnings of the names of the pages that are wanted")
    parser.add_argument("--at", help="the address of a demo desk that is served already")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in PAGES if not wanted.parts or name.startswith(tuple(wanted.parts))]
    with desk.chromium(chromium.executable()) as browser:
        if wanted.at:
            take(browser, wanted.at, names, wanted.folder)
            return
        with tempfile.TemporaryDirectory() as data:
            fill(Path(data))
            with desk.served(Path(data)) as program:
                take(browser, program.url, names, wanted.folder)


def fill(data: Path) -> None:
    command = [sys.executable, *desk.HELPDESK, "demo", "--tickets", str(TICKETS)]
    subprocess.run(command, env=desk.environment(data), check=True)


def take(browser: Browser, origin: str, names: list[str], folder: Path) -> None:
    for person in dict.fromkeys(PAGES[name][0] for name in names):
        context = browser.new_context(base_url=origin, locale="en-GB", reduced_motion="reduce")
        page = context.new_page()
        if person:
            sign_in(page, f"{person}@example.com")
        for name in (name for name in names if PAGES[name][0] == person):
            for look, picture in looks(page, name):
                picture.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
            print(name, flush=True)
        context.close()


def looks(page: Page, name: str) -> Iterator[tuple[str, Page]]:
    """Go there once, then show it in each width and theme."""
    _person, path, steps = PAGES[name]
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(path)
    for step in steps:
        page.locator(step).first.click()
        page.wait_for_load_state("networkidle")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            if page.locator("canvas").count():
                page.reload(wait_until="networkidle")  # charts take their colours when they are drawn
            yield f"{theme}-{width}", page


def sign_in(page: Page, address: str) -> None:
    page.goto("/login")
    page.get_by_label("Mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


if __name__ == "__main__":
    main()
