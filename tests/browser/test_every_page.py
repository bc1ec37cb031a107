"""Every page that links lead to, for each role: quiet, accessible in both themes, and as wide as its window."""

from collections import deque
from collections.abc import Callable

import pytest
from flask import Flask

from helpdesk_web import support
from helpdesk_web.models import Ticket, User
from tests import factories
from tests.browser import BROWSER
from tests.browser.conftest import PASSWORD
from tests.browser.screen import CHANGING, Screen

pytestmark = BROWSER

LINKS = "() => [...document.querySelectorAll('a[href^=\"/\"]')].map(link => link.getAttribute('href'))"
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
TOO_WIDE = """() => document.scrollingElement.scrollWidth <= innerWidth ? '' : [...document.querySelectorAll('body *')]
    .filter(node => node.getBoundingClientRect().right > innerWidth + 1 && !node.children.length)
    .slice(0, 3).map(node => node.outerHTML.slice(0, 160)).join(' ') || 'something'"""
WIDTHS = (360, 768)
LONG = "Rechnungsadressänderungsbestätigungsschreiben " * 5
STRANGERS = ("/", "/login", "/register", "/password/reset", "/nothing-here", "/verify/worn-out")


@pytest.fixture
def lively(person: Callable[..., User]) -> tuple[User, list[Ticket]]:
    """A customer with a request in each state, with long, foreign and private words."""
    nadia, alex = (
        person("customer", "ناديا عبد الرحمن الطويل جدا"),
        person("agent", "Alexandria Featherstonehaugh-Rahman"),
    )
    told = factories.make_ticket(
        nadia, subject=(LONG * 2)[:200], description=f"{LONG}\n\n```\n{'x' * 300}\n```", priority="urgent"
    )
    resolved, closed = (factories.make_ticket(nadia, subject=f"{state} one") for state in ("Resolved", "Closed"))
    support.assign(told, alex.id)
    support.reply(told, alex.id, f"| a | b |\n|---|---|\n| {'y' * 120} | c |")
    support.reply(told, alex.id, "Only for us.", is_internal=True)
    support.reply(told, nadia.id, "شكرا، لكن لا يعمل")
    for ticket in (resolved, closed):
        support.reply(ticket, alex.id, "Done.")
        support.resolve(ticket)
    support.close(closed)
    support.reply(factories.make_ticket(nadia, subject="Waiting one"), alex.id, "Which size?")
    return nadia, [told, resolved, closed]


@pytest.fixture(scope="module")
def colleagues() -> set[str]:
    """The kinds of pages that staff of another role have walked: what is the same for all is opened once."""
    return set()


def test_pages_of_strangers(desk: Flask, screen: Callable[..., Screen]) -> None:
    walk(screen(), STRANGERS)


def test_pages_of_customers(lively: tuple[User, list[Ticket]], screen: Callable[..., Screen]) -> None:
    nadia, tickets = lively
    pages = [f"/support/tickets/{ticket.refid}" for ticket in tickets]

    walk(screen(nadia), ["/", "/support/tickets?filter=all&q=nothing-like-it", *pages])


@pytest.mark.parametrize("role", ["admin", "supervisor", "agent"])
def test_pages_of_staff(
    role: str,
    lively: tuple[User, list[Ticket]],
    person: Callable[..., User],
    screen: Callable[..., Screen],
    colleagues: set[str],
) -> None:
    pages = [f"/console/tickets/{ticket.refid}?queue=all-open" for ticket in lively[1]]
    more = ["/console/outbox"] if role == "agent" else ["/admin/outbox"] if role == "admin" else []

    walk(screen(person(role, "Kim Moreau")), ["/console/", *pages, *more], walked=colleagues)


def walk(window: Screen, starts: list[str] | tuple[str, ...], walked: set[str] | None = None) -> None:
    """Open what is linked, one of each kind, and look at it."""
    window.expect_refusal(404)
    window.expect_refusal(410)
    waiting, kinds = deque(starts), set() if walked is None else walked
    kinds.update(map(kind_of, starts))
    while waiting:
        window.open(waiting.popleft())
        assert PASSWORD not in window.page.content()
        fits(window)
        for address in window.page.evaluate(LINKS):
            if kind_of(address) not in kinds and not address.startswith(("/files/", "/static/")):
                kinds.add(kind_of(address))
                waiting.append(address)


def kind_of(address: str) -> str:
    return CHANGING.sub("*", address)


def fits(window: Screen) -> None:
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 740})
        window.page.evaluate(FRAMES)
        if wide := window.page.evaluate(TOO_WIDE):
            window.watch.faults.append(f"{window.page.url} is wider than {width} px: {wide}")
    window.page.set_viewport_size({"width": 1280, "height": 800})
