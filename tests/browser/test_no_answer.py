"""When the desk does not answer, or something in front of it does, no word is lost and somebody says so."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from helpdesk_web.models import User
from tests import factories
from tests.browser import BROWSER
from tests.browser.screen import Screen

pytestmark = BROWSER

WORDS = "Written in a tunnel."


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.abort(), lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>")],
    ids=["nothing", "a gateway's page"],
)
def test_an_answer_that_cannot_be_sent_stays(
    person: Callable[..., User], screen: Callable[..., Screen], answer: Callable[[Route], None]
) -> None:
    ticket = factories.make_ticket(person("customer", "Carol Ortega"))
    window = screen(person("agent", "Alex Rahman"))
    window.open(f"/console/tickets/{ticket.refid}")
    window.page.route("**/replies*", answer)
    window.fill("Text", WORDS)
    window.press("Take it, send and wait")

    expect(window.page.locator("#toast")).to_contain_text("The desk did not answer. Nothing is lost")
    expect(window.page.get_by_label("Text", exact=True)).to_have_value(WORDS)
    window.watch.faults.clear()  # the browser's own lines about the broken request
    window.page.unroute("**/replies*")
    window.press("Take it, send and wait")
    expect(window.page.locator("[data-reply]", has_text=WORDS)).to_be_visible()
