"""The main paths with the keyboard alone: Tab, Enter, Space and letters."""

from collections.abc import Callable

from playwright.sync_api import expect

from helpdesk_web.models import User
from tests import factories
from tests.browser import BROWSER
from tests.browser.screen import Screen

pytestmark = BROWSER

MOST_STOPS = 150
FOCUSED = """() => {
    const node = document.activeElement, label = node.labels?.[0]?.textContent ?? ''
    const words = [label, node.getAttribute('aria-label') ?? '', node.textContent].join(' ')
    return words.replace(/\\s+/g, ' ').trim().replace(/^unread ?/, '')
}"""
RINGED = """() => {
    const node = document.activeElement, up = [node, node.parentElement, node.parentElement.parentElement]
    return [...up, ...(node.labels ?? [])].some(one => [null, '::before', '::after'].some(part => {
        const look = getComputedStyle(one, part)
        return (look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0) || look.boxShadow !== 'none'
    }))
}"""


def test_a_customer_asks_without_a_mouse(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    window = screen(person("customer", "Carol Ortega"))
    factories.first_category()

    window.open("/")
    tab_to(window, "Write to us")
    enter(window)
    tab_to(window, "Subject")
    window.page.keyboard.type("The printer hums")
    tab_to(window, "What happened?")
    window.page.keyboard.type("All day long.")
    tab_to(window, "How urgent is it?")
    window.page.keyboard.press("ArrowDown")
    tab_to(window, "Send request")
    enter(window)

    expect(window.page.get_by_role("heading", name="The printer hums")).to_be_visible()
    expect(window.page.locator("[data-priority=high]").first).to_be_visible()


def test_an_agent_answers_without_a_mouse(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    ticket = factories.make_ticket(person("customer", "Carol Ortega"), subject="The printer howls")
    window = screen(person("agent", "Alex Rahman"))

    window.open("/console/")
    tab_to(window, "The printer howls")
    enter(window)
    tab_to(window, "Text")
    window.page.keyboard.type("Open the lid, please.")
    tab_to(window, "Take it, send and wait")
    enter(window)
    expect(window.page.locator(f"[data-ticket={ticket.refid}][data-status=pending]")).to_be_visible()

    tab_to(window, "Reply", back=True)
    window.page.keyboard.press("ArrowRight")
    tab_to(window, "Text")
    window.page.keyboard.type("It is the lid again.")
    tab_to(window, "Add note")
    window.page.keyboard.press("Space")
    expect(window.page.locator("[data-internal=true]", has_text="the lid again")).to_be_visible()


def test_menus_open_close_and_give_the_focus_back(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    ticket = factories.make_ticket(person("customer", "Carol Ortega"))
    window = screen(person("agent", "Alex Rahman"))

    window.open(f"/console/tickets/{ticket.refid}")
    tab_to(window, "Priority:")
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_role("button", name="Urgent")).to_be_visible()
    window.look()
    window.page.keyboard.press("Escape")
    expect(window.page.get_by_role("button", name="Urgent")).to_be_hidden()
    assert "Priority:" in window.page.evaluate(FOCUSED)

    window.page.keyboard.press("Enter")
    window.page.keyboard.press("ArrowDown")
    window.page.keyboard.press("Enter")
    expect(window.page.locator("[data-ticket][data-priority=urgent]")).to_be_visible()


def test_the_first_tab_skips_to_the_content(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    window = screen(person("agent", "Alex Rahman"))

    window.open("/console/")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate(FOCUSED) == "Skip to the content"
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")

    assert window.page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def tab_to(window: Screen, words: str, *, back: bool = False) -> None:
    """Go on with Tab (or back) until what has the focus is called so, and shows that it has it."""
    for _step in range(MOST_STOPS):
        window.page.keyboard.press("Shift+Tab" if back else "Tab")
        if window.page.evaluate(FOCUSED).startswith(words):
            assert window.page.evaluate(RINGED), f"nobody sees that {words} has the focus"
            return
    raise AssertionError(f"the keyboard never comes to {words}")


def enter(window: Screen) -> None:
    with window.page.expect_response(lambda answer: "/static/" not in answer.url):
        window.page.keyboard.press("Enter")
    window.look()
