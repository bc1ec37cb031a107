"""Signing in and out, and what an attacker tries there."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk_web.database import commit, db, writing
from helpdesk_web.extensions import limiter
from helpdesk_web.models import LoginSession
from helpdesk_web.services import accounts, passwords, recovery, tokens
from tests import factories
from tests.blueprints.auth.conftest import PASSWORD, try_to_sign_in


def cookie_of(browser):
    cookie = browser.get_cookie("helpdesk_session")
    return cookie and cookie.value


@pytest.mark.parametrize(("role", "place"), [("customer", "/support/tickets"), ("agent", "/console/")])
def test_people_sign_in_and_come_to_their_place(app, make_member, role, place):
    user = make_member(role)

    answer = try_to_sign_in(app, user.email.upper())

    assert (answer.status_code, answer.location) == (303, place)


def test_the_cookie_is_kept_from_scripts_and_other_sites(app, make_member):
    answer = try_to_sign_in(app, make_member().email)

    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if "helpdesk_session=" in line)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("known", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("' OR 1=1 --", "x"),
        ("a\0b@example.com", "x"),
    ],
)
def test_a_wrong_sign_in_says_only_that_the_two_do_not_match(app, make_member, email, password):
    email = make_member().email if email == "known" else email

    answer = try_to_sign_in(app, email, password)

    assert answer.status_code == 422
    assert "do not match" in answer.text
    assert db.session.query(LoginSession).count() == 0


def test_known_and_unknown_addresses_get_the_same_page(app, make_member):
    make_member(email="known1@example.com")
    make_member(email="known2@example.com", active=False)

    pages = {
        re.sub(r"(known1|known2|nobod)", "X", answer.text)
        for answer in (try_to_sign_in(app, f"{who}@example.com", "x" * 10) for who in ("known1", "known2", "nobod"))
    }

    assert len({re.sub(r'name="csrf_token" value="[^"]*"', "", page) for page in pages}) == 1


def test_an_unknown_address_costs_a_hash_too(app, make_member, monkeypatch):
    compared = []
    monkeypatch.setattr(passwords, "matches", lambda stored, _password: bool(compared.append(stored)) or False)
    for email in (make_member().email, "nobody@example.com"):
        try_to_sign_in(app, email, "x")

    assert len(compared) == 2


def test_a_shut_account_does_not_sign_in(app, make_member):
    user = make_member(active=False)

    answer = try_to_sign_in(app, user.email)

    assert answer.status_code == 422


def test_the_stored_hash_is_no_password(app, make_member):
    user = make_member()

    answer = try_to_sign_in(app, user.email, user.password_hash)

    assert answer.status_code == 422


def test_ten_megabytes_of_password_are_refused_without_hashing(app, make_member, monkeypatch):
    email = make_member().email
    monkeypatch.setattr(passwords, "_two_at_a_time", None)  # whoever hashes enters it first
    for size in (1025, 10_000_000):
        began = time.perf_counter()
        answer = try_to_sign_in(app, email, "x" * size)
        assert answer.status_code in (413, 422)
        assert time.perf_counter() - began < 1


def test_an_old_hash_is_renewed_at_sign_in(app, make_member, sign_in):
    app.config["PASSWORD_COST"] = "real"
    user = make_member()
    app.config["PASSWORD_COST"] = "cheap"

    sign_in(user.email)

    db.session.expire_all()
    assert accounts.find(user.email).password_hash.startswith("$argon2id$v=19$m=8,")


def test_after_ten_guesses_at_one_account_it_rests_whatever_the_address(app, make_member):
    user = make_member()
    spellings = (user.email, user.email.upper())
    codes = [
        try_to_sign_in(app, spellings[guess % 2], "wrong one", by=f"10.0.0.{guess}").status_code for guess in range(14)
    ]

    assert codes == [422] * 10 + [429] * 4


def test_after_ten_tries_a_minute_an_address_rests(app, make_member):
    codes = [
        app.test_client().post("/login", data={"email": f"someone{n}@example.com", "password": "x"}).status_code
        for n in range(12)
    ]

    assert codes == [422] * 10 + [429] * 2


def test_forwarded_addresses_count_only_from_a_known_proxy(app):
    codes = []
    for n in range(12):
        data, claimed = {"email": f"p{n}@example.com", "password": "x"}, {"X-Forwarded-For": f"1.2.3.{n}"}
        codes.append(app.test_client().post("/login", data=data, headers=claimed).status_code)

    assert codes[-1] == 429


def test_neighbours_in_one_ipv6_network_count_as_one(app):
    codes = [try_to_sign_in(app, f"q{n}@example.com", "x", by=f"2001:db8::{n:x}").status_code for n in range(12)]

    assert codes[-1] == 429


# -- sessions ------------------------------------------------------------------------------------------------


def test_the_session_a_browser_came_with_dies_at_sign_in(app, make_member):
    user, browser = make_member(), app.test_client()
    browser.set_cookie("helpdesk_session", "f" * 43)
    browser.post("/login", data={"email": user.email, "password": PASSWORD})
    first = cookie_of(browser)
    browser.post("/login", data={"email": user.email, "password": PASSWORD})
    second = cookie_of(browser)

    assert len({"f" * 43, first, second}) == 3
    old = app.test_client()
    old.set_cookie("helpdesk_session", first)
    assert old.get("/profile").status_code == 303
    assert browser.get("/profile").status_code == 200


def _log_out(browser, user):
    browser.post("/logout")


def _reset(browser, user):
    with writing():
        stored = accounts.locked(user.id)
        link = tokens.issue(tokens.Purpose.RESET, stored)
        recovery.reset_password(link.rpartition("/")[2], "hash")
        commit()


def _demote(browser, user):
    with writing():
        accounts.change_role(user, accounts.Role.CUSTOMER, by=None)
        commit()


def _disable(browser, user):
    with writing():
        accounts.deactivate(user, by=None)
        commit()


@pytest.mark.parametrize("end", [_log_out, _reset, _demote, _disable])
def test_a_copied_cookie_is_worthless_after_the_end(app, make_member, sign_in, end):
    user = make_member("agent")
    browser = sign_in(user.email)
    thief = app.test_client()
    thief.set_cookie("helpdesk_session", cookie_of(browser))
    assert thief.get("/profile").status_code == 200

    end(browser, user)

    assert thief.get("/profile").status_code == 303
    assert thief.get("/profile", headers={"HX-Request": "true"}).status_code == 401


def test_signing_out_takes_the_cookie_and_is_no_link(sign_in, make_member):
    browser = sign_in(make_member().email)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/profile").status_code == 200

    assert browser.post("/logout").location == "/"

    assert cookie_of(browser) is None


def test_strangers_are_led_to_the_sign_in_and_back(app, make_member):
    browser = app.test_client()
    answer = browser.get("/profile?tab=1")
    assert (answer.status_code, answer.location) == (303, "/login?next=/profile?tab%3D1")

    page = browser.get(answer.location)
    assert 'value="/profile?tab=1"' in page.text
    form = {"email": make_member().email, "password": PASSWORD, "next": "/profile?tab=1"}
    assert browser.post("/login", data=form).location == "/profile?tab=1"


def test_htmx_is_sent_to_the_sign_in_by_its_own_header(app):
    answer = app.test_client().get("/profile", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login")


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "https://evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "%2f%2fevil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%252fevil.example",
    "/%09/evil.example",
    "\u2028//evil.example",
    "",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_leads_nowhere_but_to_a_path_on_this_site(app, make_member, target):
    user = make_member()

    posted = app.test_client().post("/login", data={"email": user.email, "password": PASSWORD, "next": target})

    assert posted.location == "/support/tickets"


@pytest.mark.parametrize("target", ["/support/tickets/sup_x", "/support/tickets?q=a%20b", "/@evil.example", "/profile"])
def test_next_leads_to_a_path_on_this_site(app, make_member, target):
    answer = app.test_client().post("/login", data={"email": make_member().email, "password": PASSWORD, "next": target})

    assert answer.location == target


# -- forms and links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/login", "/logout", "/register", "/password/reset", "/login/link"])
def test_a_form_of_another_site_is_refused(app, make_member, address):
    app.config["WTF_CSRF_ENABLED"] = True
    data = {"email": make_member().email, "password": PASSWORD, "name": "Mallory"}
    browser = app.test_client()

    answer = browser.post(address, data=data)

    assert answer.status_code == 400
    assert cookie_of(browser) is None


def test_a_browser_that_says_another_site_sent_the_form_is_refused(app, make_member, sign_in):
    user = make_member()
    browser, elsewhere = sign_in(user.email), {"Sec-Fetch-Site": "cross-site"}

    assert browser.post("/logout", headers=elsewhere).status_code == 403
    assert browser.post("/profile", data={"name": "X"}, headers=elsewhere).status_code == 403
    assert browser.get("/profile", headers=elsewhere).status_code == 200


def test_a_one_time_link_signs_in_by_its_button_only(app, make_member):
    user = make_member("agent")
    with writing():
        link = accounts.signin_link(user)
        commit()
    path = link.removeprefix("http://localhost")
    browser = app.test_client()
    for _ in range(5):
        assert browser.get(path).status_code == 200
        assert browser.head(path).status_code == 200

    assert browser.post(path).location == "/console/"
    assert browser.get("/profile").status_code == 200
    assert app.test_client().post(path).status_code == 410


def test_a_mailed_link_signs_in_and_strangers_get_the_same_answer(app, make_member, links):
    user = make_member()
    known = app.test_client().post("/login/link", data={"email": user.email})
    unknown = app.test_client().post("/login/link", data={"email": "nobody@example.com"})

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(user.email, "") == unknown.text.replace("nobody@example.com", "")
    browser = app.test_client()
    assert browser.post(links(user.email, "signin")[0]).location == "/support/tickets"


def test_being_in_use_is_noted_after_the_answer(own_app, clock):
    browser = factories.browser(own_app, factories.make_user())
    clock.tick(minutes=6)
    browser.get("/profile").close()

    db.session.expire_all()
    assert db.session.query(LoginSession).one().last_seen_at == clock.now()


# -- many at once ----------------------------------------------------------------------------------------


def test_of_two_hundred_guesses_at_once_ten_are_looked_at(own_app, monkeypatch):
    user = factories.make_user(password_hash=passwords.hash_password(PASSWORD))
    looked_at, email = [], user.email
    monkeypatch.setattr(passwords, "matches", lambda *_: bool(looked_at.append(1)))

    def guess(n):
        return try_to_sign_in(own_app, email, f"guess {n}", by=f"10.{n}.0.1").status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(guess, range(200)))

    assert len(looked_at) == 10
    assert codes.count(429) == 190


@pytest.mark.slow
def test_known_and_unknown_addresses_take_the_same_time(own_app, monkeypatch):
    """The rank sum of 2 × 60 interleaved samples at the real cost; |z| under 3.3 is p over 0.001."""
    own_app.config.update(PASSWORD_COST="real", RATELIMIT_ENABLED=False)
    monkeypatch.setattr(limiter, "enabled", False)
    factories.make_user(email="known@example.com", password_hash=passwords.hash_password(PASSWORD))

    def seconds(email):
        browser, data = own_app.test_client(), {"email": email, "password": "a wrong one"}
        began = time.perf_counter()
        browser.post("/login", data=data)
        return time.perf_counter() - began

    samples = [(seconds(f"{who}@example.com"), who) for _ in range(60) for who in ("known", "nobody")]
    ranks = [place for place, (_, who) in enumerate(sorted(samples), 1) if who == "known"]
    mean, deviation = 60 * 121 / 2, (60 * 60 * 121 / 12) ** 0.5

    assert abs(sum(ranks) - mean) / deviation < 3.3
