"""Ways in and out: register, the mailed link, a forgotten password, sign out."""

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Job, User
from tests import factories
from tests.browser import BROWSER
from tests.browser.conftest import PASSWORD
from tests.browser.screen import Screen

pytestmark = BROWSER

ANOTHER = "seven slow herons"


def test_a_new_customer_confirms_the_address_and_sees_their_requests(
    desk: object, screen: Callable[..., Screen]
) -> None:
    window, address = screen(), "noor@example.com"
    factories.first_category()

    window.open("/")
    window.follow("Make an account")
    window.fill("Your name", "Noor Haddad")
    window.fill("Mail address", address)
    window.fill("Password", PASSWORD)
    window.press("Make an account")
    assert window.says(address)

    window.open(link_in_the_mail("verify", address))
    window.fill("Choose a password", ANOTHER)
    window.press("Yes, confirm it")

    expect(window.page.get_by_role("heading", name="My requests")).to_be_visible()
    window.expect_refusal(410)
    window.open(link_in_the_mail("verify", address))
    assert window.says("This link no longer works")


def test_a_forgotten_password_is_replaced_and_ends_every_session(
    person: Callable[..., User], screen: Callable[..., Screen]
) -> None:
    bo = person("customer", "Bo Nilsson")
    window, elsewhere = screen(), screen(bo)

    window.open("/login")
    window.follow("Forgotten?")
    window.fill("Mail address", bo.email)
    window.press("Mail me a link")
    window.open(link_in_the_mail("reset", bo.email))
    window.fill("New password", ANOTHER)
    window.press("Save the new password")

    elsewhere.open("/support/tickets")
    assert "/login" in elsewhere.page.url
    sign_in(window, bo.email, ANOTHER)
    expect(window.page.get_by_role("heading", name="My requests")).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_address(
    person: Callable[..., User], screen: Callable[..., Screen]
) -> None:
    bo, window = person("customer", "Bo Nilsson"), screen()
    window.expect_refusal(422)

    sign_in(window, bo.email, "not this one")

    assert window.says("do not match")
    expect(window.page.get_by_label("Mail address")).to_have_value(bo.email)


def test_signing_out_leaves_nothing_to_see(person: Callable[..., User], screen: Callable[..., Screen]) -> None:
    window = screen(person("customer", "Bo Nilsson"))

    window.open("/support/tickets")
    window.page.locator(".portal-nav summary").click()
    window.press("Sign out")
    window.open("/support/tickets")

    assert "/login" in window.page.url


def sign_in(window: Screen, address: str, password: str) -> None:
    window.open("/login")
    window.fill("Mail address", address)
    window.page.get_by_label("Password", exact=True).fill(password)
    window.press("Sign in")


def link_in_the_mail(template: str, address: str) -> str:
    """The link of the newest such mail; without a mail server the desk keeps its mail."""
    db.session.rollback()  # look anew
    newest = select(Job).where(Job.template == template, Job.recipient == address).order_by(Job.id.desc()).limit(1)
    link: str = db.session.scalars(newest).one().args["link"]
    return link
