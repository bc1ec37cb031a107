"""What strangers write is text: it runs nothing, asks nobody and moves nothing, wherever it is shown."""

from collections.abc import Callable

from playwright.sync_api import expect

from helpdesk_web import support
from helpdesk_web.models import User
from tests import factories
from tests.browser import BROWSER
from tests.browser.screen import Screen

pytestmark = BROWSER

HOSTILE = """\
<script>window.canary = 1</script><img src=x onerror="window.canary = 2"><svg onload="window.canary = 3">
<a href="javascript:window.canary = 4">one</a> [two](javascript:window.canary=5) [three](data:text/html,<script>)

<div hx-get="/canary" hx-trigger="load" data-hx-get="/canary">four</div>
<button hx-post="/canary" hx-trigger="load" name="then" form="composer">five</button>
<form action="/canary"><input name="password"></form><iframe src="/canary"></iframe><style>body { display: none }
</style>
<hx-partial hx-target="#toast">six</hx-partial> <base href="https://evil.example"> ![seven](https://evil.example/p.gif)
<p id="composer" class="composer" style="position: fixed" data-reply="1" onclick="window.canary = 8">eight</p>

The honest end of the message.
"""
ELEMENTS = "script, iframe, form, input, button, style, svg, base, hx-partial"
ALIVE = f"""() => [...document.querySelectorAll('.prose *')].filter(node => node.matches('{ELEMENTS}')
    || [...node.attributes].some(({{name}}) => /^(on|hx|data-|style|id$|class$)/.test(name))
).map(node => node.outerHTML)"""


def test_a_hostile_message_runs_nothing_anywhere(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    carol, alex = person("customer", '<img src=x onerror="window.canary=9">'), person("agent", "Alex Rahman")
    ticket = factories.make_ticket(carol, subject="<script>window.canary=10</script>", description=HOSTILE)
    support.reply(ticket, alex.id, HOSTILE, is_internal=True)
    customer, agent = screen(carol), screen(alex)

    for window, path in (
        (customer, "/support/tickets"),
        (customer, f"/support/tickets/{ticket.refid}"),
        (agent, "/console/queues/all-open"),
        (agent, f"/console/tickets/{ticket.refid}"),
    ):
        window.open(path)
        is_harmless(window)
    expect(agent.page.locator("[data-internal=true]", has_text="The honest end")).to_be_visible()


def test_a_hostile_preview_runs_nothing(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    window = screen(person("customer", "Carol Ortega"))

    window.open("/support/tickets/new")
    window.fill("What happened?", HOSTILE)
    window.press("Preview")

    expect(window.page.locator("#preview", has_text="The honest end")).to_be_visible()
    is_harmless(window)


def is_harmless(window: Screen) -> None:
    """The window's own watch tells of requests to strangers, refusals and broken policies."""
    for link in window.page.locator(".prose a").all():
        assert (link.get_attribute("href") or "").startswith(("http", "mailto:", "/"))
    assert window.page.evaluate("() => window.canary") is None
    assert window.page.evaluate(ALIVE) == []
