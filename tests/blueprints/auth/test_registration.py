"""Making an account, and proving an address, against those who use somebody else's."""

import pytest

from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Role, Token, User
from helpdesk_web.services import accounts, desk
from tests.blueprints.auth.conftest import PASSWORD, try_to_sign_in

ALICE = "alice@cust-a.example"


def register(app, **form):
    return app.test_client().post("/register", data={"name": "Alice", "email": ALICE, "password": PASSWORD, **form})


def test_registering_mails_a_link_and_signs_nobody_in(app, links):
    browser = app.test_client()
    answer = browser.post("/register", data={"name": "Alice", "email": ALICE, "password": PASSWORD})

    assert answer.status_code == 200
    assert ALICE in answer.text
    assert browser.get_cookie("helpdesk_session") is None
    assert len(links(ALICE, "verify")) == 1


def test_a_known_address_gets_the_same_answer_and_the_owner_a_mail(app, make_member, links):
    make_member(email=ALICE)

    known = register(app)
    unknown = register(app, email="other@cust-a.example")

    assert known.status_code == unknown.status_code
    assert known.text.replace(ALICE, "") == unknown.text.replace("other@cust-a.example", "")
    assert links(ALICE, "already_registered") == ["/login"]
    assert links("other@cust-a.example", "verify")


def test_a_known_address_keeps_its_password(app, make_member, sign_in):
    make_member(email=ALICE)

    register(app, password="mallory's own words")

    sign_in(ALICE, PASSWORD)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "no address", "not a mail address"),
        ("email", "", "give your mail address"),
        ("name", "", "tell us your name"),
        ("name", "x" * 121, "120"),
        ("password", "short", "at least 8"),
        ("password", "password1", "Too many people"),
        ("password", "alice1", "at least 8"),
        ("password", "Alice@cust-a", "too close"),
        ("password", "x" * 1025, "longer than a password may be"),
    ],
)
def test_what_cannot_be_taken_is_told_beside_its_field_and_nothing_is_lost(app, field, value, words):
    answer = register(app, **{field: value})

    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.query(User).count() == 0
    if field != "email":
        assert ALICE in answer.text


def test_fields_nobody_asked_for_are_ignored(app):
    register(app, role="admin", is_admin="1", verified_at="2020-01-01", active="0", organization_id="1", id="77")

    user = accounts.find(ALICE)
    assert (user.role, user.is_verified, user.active, user.organization_id) == (
        Role.CUSTOMER,
        False,
        True,
        None,
    )
    assert user.id != 77


def test_a_desk_by_invitation_shows_no_registration(app):
    with writing():
        desk.change("registration", "invited", by=None)
        commit()

    assert app.test_client().get("/register").status_code == 403
    assert register(app).status_code == 403
    assert "/register" not in app.test_client().get("/login").text
    assert db.session.query(User).count() == 0


def test_opening_the_link_changes_nothing_however_often(app, links):
    register(app)
    link = links(ALICE, "verify")[0]
    for _ in range(5):
        page = app.test_client().get(link)
        app.test_client().head(link)

    assert page.status_code == 200
    assert not accounts.find(ALICE).is_verified
    assert db.session.query(Token).filter(Token.used_at.is_not(None)).count() == 0


def test_the_owner_sets_a_password_and_the_strangers_password_and_session_die(app, sign_in, links):
    register(app, password="mallory knows this")
    mallory = sign_in(ALICE, "mallory knows this")
    assert mallory.get("/profile").status_code == 200
    link = links(ALICE, "verify")[0]

    alice = app.test_client()
    answer = alice.post(link, data={"password": "only I know this"})
    assert (answer.status_code, answer.location) == (303, "/support/tickets")
    assert mallory.get("/profile").status_code == 303
    assert try_to_sign_in(app, ALICE, "mallory knows this").status_code == 422
    sign_in(ALICE, "only I know this")


def test_a_browser_signed_in_as_somebody_else_still_needs_a_new_password(app, make_member, sign_in, links):
    register(app, password="mallory knows this")
    other = sign_in(make_member().email)

    assert other.post(links(ALICE, "verify")[0]).status_code == 422
    assert not accounts.find(ALICE).is_verified


def test_who_is_signed_in_as_the_account_needs_one_button(app, sign_in, links):
    register(app)
    browser = sign_in(ALICE)
    link = links(ALICE, "verify")[0]
    assert 'type="password"' not in browser.get(link).text

    assert browser.post(link).location == "/support/tickets"

    db.session.expire_all()
    assert accounts.find(ALICE).is_verified
    sign_in(ALICE, PASSWORD)


def test_a_link_verifies_once(app, links):
    register(app)
    link = links(ALICE, "verify")[0]
    assert app.test_client().post(link, data={"password": "only I know this"}).status_code == 303

    again = app.test_client().post(link, data={"password": "somebody else's"})

    assert again.status_code == 410
    assert "no longer works" in again.text
    assert app.test_client().get(link).status_code == 410


def test_the_link_can_be_mailed_again_from_the_profile(app, sign_in, links):
    register(app)
    browser = sign_in(ALICE)

    old = links(ALICE, "verify")[0]

    browser.post("/profile/verification")

    new = links(ALICE, "verify")[1]
    assert app.test_client().get(old).status_code == 410
    assert app.test_client().get(new).status_code == 200


def test_registering_ten_times_an_hour_is_enough_for_one_address(app):
    codes = [register(app, email=f"a{n}@cust-a.example").status_code for n in range(12)]

    assert codes == [200] * 10 + [429] * 2
