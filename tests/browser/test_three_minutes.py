"""The main job, end to end: asked, found, taken, answered, noted, resolved, asked again, counted, proven."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select, update

from helpdesk_web import audit, clock
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import AuditEvent, Ticket, TicketStatus, User
from tests import factories
from tests.browser import BROWSER
from tests.browser.conftest import PASSWORD
from tests.browser.screen import Screen

pytestmark = BROWSER

ASKED = "The scanner beeps twice and then nothing comes up on the screen."
ANSWER = "Hold the trigger for ten seconds, that starts it anew."
SECRET = "Third broken trigger of this batch, tell the workshop."
PHOTO = {"name": "scanner.txt", "mimeType": "text/plain", "buffer": b"serial 4711"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_request_goes_all_the_way(person: Callable[..., User], screen: Callable[..., Screen], scripts: bool) -> None:
    subject = f"Scanner stays silent, {'with' if scripts else 'without'} scripts"
    carol, alex, sam = (
        person("customer", "Carol Ortega"),
        person("agent", "Alex Rahman"),
        person("supervisor", "Sam Iwu"),
    )
    factories.first_category()
    customer, agent, supervisor = (screen(java_script_enabled=scripts) for _window in range(3))

    sign_in(customer, carol)
    ask(customer, subject)
    sign_in(agent, alex)
    take_answer_note_and_resolve(agent, subject)

    customer.page.reload()
    expect(customer.page.get_by_text(ANSWER)).to_be_visible()
    assert SECRET not in customer.page.content()
    customer.press("I still need help")
    expect(customer.page.locator("[data-status=in_progress]").first).to_be_visible()
    db.session.rollback()  # look anew
    ticket = db.session.scalars(select(Ticket).where(Ticket.subject == subject)).one()
    assert (ticket.status, ticket.assignee_id) == (TicketStatus.IN_PROGRESS, alex.id)

    sign_in(supervisor, sam)
    see_it_in_the_figures(supervisor)
    the_audit_names_what_was_changed(ticket)


def sign_in(window: Screen, user: User) -> None:
    window.open("/login")
    window.fill("Mail address", user.email)
    window.fill("Password", PASSWORD)
    window.press("Sign in")


def ask(window: Screen, subject: str) -> None:
    window.follow("Write to us")
    window.fill("Subject", subject)
    window.fill("What happened?", f"**Help!** {ASKED}")
    window.press("Preview")
    expect(window.page.locator("#preview strong")).to_have_text("Help!")
    window.page.set_input_files("#files", [PHOTO])
    window.press("Send request")

    expect(window.page.get_by_role("heading", name=subject)).to_be_visible()
    expect(window.page.get_by_text(ASKED)).to_be_visible()
    expect(window.page.get_by_role("link", name="scanner.txt")).to_be_visible()
    window.open("/support/tickets")
    window.follow(subject)


def take_answer_note_and_resolve(window: Screen, subject: str) -> None:
    window.follow(subject)
    expect(window.page.get_by_role("link", name="scanner.txt")).to_be_visible()
    window.fill("Text", ANSWER)
    window.press("Take it, send and wait")
    expect(window.page.locator("[data-internal=false]", has_text=ANSWER)).to_be_visible()
    expect(window.page.locator("#timeline[data-status=pending]")).to_be_visible()

    window.page.get_by_role("radio", name="Note").check()
    window.fill("Text", SECRET)
    window.press("Add note")
    expect(window.page.locator("[data-internal=true]", has_text=SECRET)).to_be_visible()

    window.press("Resolve")
    expect(window.page.locator("#timeline[data-status=resolved]")).to_be_visible()


def see_it_in_the_figures(window: Screen) -> None:
    window.follow("Analytics")
    today = window.page.get_by_role("row").filter(has=window.page.locator(f"time[datetime='{clock.now():%Y-%m-%d}']"))
    if not window.page.get_by_role("table").first.is_visible():
        window.page.get_by_text("Table", exact=True).click()
    created = db.session.scalar(select(func.count()).where(Ticket.created_at >= clock.now().replace(hour=0, minute=0)))
    expect(today.get_by_role("cell").first).to_have_text(str(created))


def the_audit_names_what_was_changed(ticket: Ticket) -> None:
    assert audit.verify()
    row = db.session.scalars(select(AuditEvent).where(AuditEvent.ticket_id == ticket.id).limit(1)).one()
    number, sequence, facts = row.id, row.seq, dict(row.facts)
    overwrite(number, facts | {"forged": True})

    verdict = audit.verify()

    overwrite(number, facts)
    assert (bool(verdict), verdict.seq) == (False, sequence)
    assert ticket.refid in str(verdict)
    assert audit.verify()


def overwrite(number: int, facts: dict[str, Any]) -> None:
    with writing():
        db.session.execute(update(AuditEvent).where(AuditEvent.id == number).values(facts=facts))
        commit()
