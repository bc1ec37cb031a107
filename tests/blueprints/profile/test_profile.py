"""What people keep about themselves, and how a stolen session falls short of taking an account over."""

import pytest

from helpdesk_web.database import db
from helpdesk_web.models import Job, LoginSession
from helpdesk_web.services import accounts, passwords

OLD, NEW = "the old one I had", "a brand new secret"


@pytest.fixture
def member(make_user):
    return make_user(name="Carol Jones", password_hash=passwords.hash_password(OLD))


@pytest.fixture
def browser(client_for, member):
    return client_for(member)


def stored(user):
    db.session.expire_all()
    return accounts.find(user.email)


FORM = {"name": "Carol Smith", "zone": "Europe/Berlin", "language": "en", "theme": "dark"}


def test_name_zone_language_and_theme_are_kept(browser, member):
    answer = browser.post("/profile", data=FORM)

    assert answer.location == "/profile"
    user = stored(member)
    assert (user.name, user.zone, user.language, user.theme) == ("Carol Smith", "Europe/Berlin", "en", "dark")
    assert 'value="Carol Smith"' in browser.get("/profile").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\u202e"),
        ("name", "x" * 200),
        ("zone", "Mars/Base"),
        ("language", "xx"),
        ("theme", "pink"),
    ],
)
def test_what_cannot_be_kept_is_told(browser, member, field, value):
    answer = browser.post("/profile", data={**FORM, field: value})

    assert answer.status_code == 422
    assert stored(member).name == "Carol Jones"


def test_nobody_raises_themselves_by_extra_fields(browser, member):
    browser.post("/profile", data={**FORM, "role": "admin", "email": "x@example.com", "verified_at": "", "id": "1"})

    assert (stored(member).role, stored(member).id) == ("customer", member.id)


def test_a_new_password_needs_the_current_one(browser, member):
    for current in ("", "a wrong guess"):
        answer = browser.post("/profile/password", data={"current": current, "password": NEW})
        assert answer.status_code == 422

    assert passwords.matches(stored(member).password_hash, OLD)


def test_a_new_password_renews_this_session_ends_the_others_and_is_mailed(browser, client_for, member):
    elsewhere, cookie = client_for(member), browser.get_cookie("helpdesk_session").value

    answer = browser.post("/profile/password", data={"current": OLD, "password": NEW})

    assert answer.location == "/profile"
    assert browser.get_cookie("helpdesk_session").value != cookie
    assert browser.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 303
    thief = client_for(None)
    thief.set_cookie("helpdesk_session", cookie)
    assert thief.get("/profile").status_code == 303
    assert db.session.query(Job).filter_by(template="password_changed", account_id=member.id).count() == 1


@pytest.mark.parametrize("password", ["", "short", "password1", "CarolJones", "x" * 1025])
def test_a_weak_new_password_is_refused(browser, member, password):
    answer = browser.post("/profile/password", data={"current": OLD, "password": password})

    assert answer.status_code == 422
    assert passwords.matches(stored(member).password_hash, OLD)


def test_ten_guesses_at_the_current_password_are_enough(browser):
    codes = [
        browser.post("/profile/password", data={"current": f"guess {n}", "password": NEW}).status_code
        for n in range(12)
    ]

    assert codes == [422] * 10 + [429] * 2


def test_who_has_no_password_sets_one_only_shortly_after_signing_in(client_for, make_user, clock):
    user = make_user()
    browser = client_for(user)
    clock.tick(minutes=31)
    assert browser.post("/profile/password", data={"password": NEW}).status_code == 422
    fresh = client_for(user)

    assert fresh.post("/profile/password", data={"password": NEW}).status_code == 303
    assert passwords.matches(stored(user).password_hash, NEW)


def test_the_list_of_sessions_names_browsers_and_ends_one(browser, client_for, member):
    other = client_for(member)
    row = db.session.query(LoginSession).order_by(LoginSession.id.desc()).first()

    page = browser.get("/profile").text
    assert f"/profile/sessions/{row.id}/revocation" in page

    assert browser.post(f"/profile/sessions/{row.id}/revocation").location == "/profile"
    assert other.get("/profile").status_code == 303
    assert browser.get("/profile").status_code == 200


def test_somebody_elses_session_is_not_there(browser, client_for, make_user):
    stranger = client_for(make_user())
    row = db.session.query(LoginSession).order_by(LoginSession.id.desc()).first()

    assert browser.post(f"/profile/sessions/{row.id}/revocation").status_code == 404
    assert browser.post("/profile/sessions/999999/revocation").status_code == 404
    assert stranger.get("/profile").status_code == 200


def test_every_other_browser_is_signed_out_at_once(browser, client_for, member):
    others = [client_for(member), client_for(member)]

    browser.post("/profile/sessions/revocation")

    assert [other.get("/profile").status_code for other in others] == [303, 303]
    assert browser.get("/profile").status_code == 200


@pytest.mark.parametrize(
    "path", ["/profile", "/profile/password", "/profile/sessions/revocation", "/profile/verification"]
)
def test_a_stranger_is_led_to_the_sign_in(client_for, path):
    answer = client_for(None).post(path, data=FORM)

    assert answer.status_code == 401
    assert 'href="/login"' in answer.text


@pytest.mark.parametrize("path", ["", "/password", "/sessions/revocation", "/verification", "/sessions/1/revocation"])
def test_an_expired_form_changes_nothing(app, browser, member, path):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = browser.post(f"/profile{path}", data={**FORM, "current": OLD, "password": NEW})

    assert answer.status_code == 400
    assert stored(member).name == "Carol Jones"
    assert passwords.matches(stored(member).password_hash, OLD)


def test_an_expired_form_of_a_stranger_shows_nothing_of_anyone(app, client_for, make_user):
    app.config["WTF_CSRF_ENABLED"] = True
    member = make_user(name="Zenobia Quill")

    answer = client_for(None).post("/profile/password", data={"current": "secret-one", "password": "secret-two"})

    assert answer.status_code == 401
    assert "secret-" not in answer.text
    assert member.name not in answer.text
