"""When the desk says no, every word that was typed is still there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from helpdesk_web import support
from helpdesk_web.models import User
from tests import factories
from tests.browser import BROWSER
from tests.browser.screen import Screen

pytestmark = [*BROWSER, pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])]

WORDS = "The whole long story, told only once."


def test_the_sixth_request_of_an_hour_waits(
    person: Callable[..., User], screen: Callable[..., Screen], scripts: bool
) -> None:
    carol = person("customer", "Carol Ortega")
    for number in range(5):
        factories.make_ticket(carol, subject=f"Request {number}")
    window = screen(carol, java_script_enabled=scripts)
    window.expect_refusal(429)

    ask(window)

    expect(window.page.get_by_label("What happened?")).to_have_value(WORDS)
    expect(window.page.get_by_role("alert").first).to_contain_text("You can send the next request in")
    assert window.watch.statuses == [429]


def test_an_expired_form_is_shown_again(
    person: Callable[..., User], screen: Callable[..., Screen], scripts: bool
) -> None:
    window = screen(person("customer", "Carol Ortega"), java_script_enabled=scripts)
    factories.first_category()
    window.expect_refusal(400)

    ask(window, before_sending=lambda: window.context.clear_cookies(name="helpdesk_form"))

    expect(window.page.get_by_label("What happened?")).to_have_value(WORDS)
    expect(window.page.get_by_text("The page was open for a long time")).to_be_visible()
    window.press("Send request")
    expect(window.page.get_by_role("heading", name="Sixth")).to_be_visible()


def test_an_answer_that_crossed_another_is_shown_it_first(
    person: Callable[..., User], screen: Callable[..., Screen], scripts: bool
) -> None:
    carol, alex = person("customer", "Carol Ortega"), person("agent", "Alex Rahman")
    ticket = factories.make_ticket(carol)
    window = screen(carol, java_script_enabled=scripts)
    window.expect_refusal(409)

    window.open(f"/support/tickets/{ticket.refid}")
    support.reply(ticket, alex.id, "Did you pull the plug?")
    window.fill("Your answer", WORDS)
    window.press("Send answer")

    expect(window.page.get_by_text("Did you pull the plug?")).to_be_visible()
    expect(window.page.get_by_text("There is a new answer above")).to_be_visible()
    expect(window.page.get_by_label("Your answer")).to_have_value(WORDS)
    window.press("Send answer")
    expect(window.page.locator("[data-reply]", has_text=WORDS)).to_be_visible()


def test_staff_see_what_came_in_while_they_wrote(
    person: Callable[..., User], screen: Callable[..., Screen], scripts: bool
) -> None:
    carol, alex = person("customer", "Carol Ortega"), person("agent", "Alex Rahman")
    ticket = factories.make_ticket(carol)
    window = screen(alex, java_script_enabled=scripts)
    window.expect_refusal(409)

    window.open(f"/console/tickets/{ticket.refid}")
    support.reply(ticket, carol.id, "And now it smokes.")
    window.fill("Text", WORDS)
    window.press("Take it, send and wait")

    expect(window.page.get_by_text("And now it smokes.")).to_be_visible()
    expect(window.page.get_by_text("Your text is still here")).to_be_visible()
    expect(window.page.get_by_label("Text", exact=True)).to_have_value(WORDS)
    window.press("Take it, send and wait")
    expect(window.page.locator("[data-reply]", has_text=WORDS)).to_be_visible()


def ask(window: Screen, before_sending: Callable[[], object] = lambda: None) -> None:
    window.open("/support/tickets/new")
    window.fill("Subject", "Sixth")
    window.fill("What happened?", WORDS)
    before_sending()
    window.press("Send request")
