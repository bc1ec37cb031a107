"""What a page must never do: complain, break its own policy, ask anybody else, or meet a fault of the server."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

TELL = (
    "addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))"
)
REFUSED = "Failed to load resource"  # Chromium's line for every 4xx; `_answer` judges those by their status
LOCAL = ("data", "blob", "about")


class Watch:
    """Everything wrong that happened in one browser window, line by line."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.statuses: list[int] = []  # the refusals so far
        self.expected: set[int] = set()
        context.add_init_script(TELL)
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("console", self._word)
        page.on("pageerror", lambda error: self.faults.append(f"error in a script: {error}"))
        page.on("request", self._question)
        page.on("response", self._answer)

    def _word(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self.faults.append(f"console: {message.text}")

    def _question(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL and f"{address.scheme}://{address.netloc}" != self.origin:
            self.faults.append(f"asked a stranger: {request.url}")

    def _answer(self, response: Response) -> None:
        if response.status < 400:
            return
        self.statuses.append(response.status)
        if response.status >= 500 or response.status not in self.expected:
            self.faults.append(f"{response.status} from {response.request.method} {response.url}")
