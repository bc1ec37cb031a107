"""A person's browser window: it watches itself, and each page that it comes to is looked at."""

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page

from tests.browser import axe
from tests.browser.watch import Watch

# references, numbers, tokens and cursors, and where the reader came from
CHANGING = re.compile(r"sup_[\w-]+|(?<=/)\d+|(?<=/)[\w-]{20,}|(?<==)[\w.-]{20,}|(?<=queue=)[\w-]+")
OUTLINE = """() => {
    const kind = node => [node.localName, node.getAttribute('class'), node.getAttribute('role')].join(' ')
    return [...new Set([...document.querySelectorAll('main, main *')].map(kind))].sort().join(';')
}"""
WINDOW = {"width": 1280, "height": 800}


class Screen:
    """One context of the browser, that is one person at one machine."""

    looked_at: set[tuple[str, str]] = set()  # kinds of pages, shared by a run: looking takes its time

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.browser = browser
        self.context = browser.new_context(base_url=origin, **{"viewport": WINDOW, "locale": "en-GB"} | options)
        self.context.set_default_timeout(10_000)
        self.scripts = options.get("java_script_enabled", True)
        self.watch = Watch(self.context, origin)
        self.page: Page = self.context.new_page()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.look()
            if self.watch.faults:
                raise AssertionError("\n".join(self.watch.faults)) from error
        finally:
            self.context.close()

    # -- going about ---------------------------------------------------------------------------------------------

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def follow(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        (within or self.page).get_by_role("link", name=name).first.click()
        self.look()

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Press a button and wait for what comes of it."""
        (within or self.page).get_by_role("button", name=name).first.click()
        self.look()

    def fill(self, label: str | re.Pattern[str], text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def expect_refusal(self, status: int) -> None:
        """This status is what the test is about."""
        self.watch.expected.add(status)

    # -- looking -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Check what is on the screen for accessibility, once for each kind of page and state."""
        self.settle()
        kind = (CHANGING.sub("*", self._path.partition("?")[0]), self._outline())
        if kind not in Screen.looked_at:
            Screen.looked_at.add(kind)
            self.watch.faults += [f"{self._path}: {fault}" for fault in self._violations()]

    def settle(self) -> None:
        """Wait until nothing is on its way any more."""
        self.page.wait_for_load_state("load")
        if self.scripts:
            self.page.wait_for_function("() => !document.querySelector('.htmx-request')")

    def says(self, words: str) -> bool:
        return words in self.page.locator("body").inner_text()

    def shot(self, file: Path) -> None:
        self.page.screenshot(path=file, full_page=True)

    def _violations(self) -> list[str]:
        """What axe says; where scripts are off it looks at a copy of the page, for it is one itself."""
        if self.scripts:
            return axe.violations(self.page)
        html, address = self.page.content(), self.page.url
        with self.browser.new_context(viewport=WINDOW) as context:
            context.route("**/*.js*", lambda route: route.abort())
            context.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
            copy = context.new_page()
            copy.goto(address)
            return axe.violations(copy)

    @property
    def _path(self) -> str:
        address = urlsplit(self.page.url)
        return address.path + (f"?{address.query}" if address.query else "")

    def _outline(self) -> str:
        """What the page's own part is made of: its classes and roles, without how many."""
        return self.page.evaluate(OUTLINE)
