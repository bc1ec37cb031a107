"""What admins see and change about people, and that nobody else does."""

import pytest
from sqlalchemy import select

from helpdesk_web.database import db
from helpdesk_web.models import Job, LoginSession, Role
from helpdesk_web.queries import people
from helpdesk_web.services import accounts


@pytest.fixture
def admin(make_user):
    return make_user("admin", name="Ada Okoye")


@pytest.fixture
def browser(client_for, admin):
    return client_for(admin)


def stored(user):
    db.session.expire_all()
    return accounts.find(user.email)


def test_staff_customers_and_those_who_left_have_lists_of_their_own(browser, make_user):
    make_user("agent", name="Alex Rivera")
    make_user("customer", name="Carol Jones")
    make_user("agent", name="Gone Away", active=False)

    pages = {group: browser.get(f"/admin/people?group={group}").text for group in people.GROUPS}

    assert "Ada Okoye" in pages["staff"]
    assert "Alex Rivera" in pages["staff"]
    assert "Carol Jones" in pages["customers"]
    assert "Gone Away" in pages["left"]
    assert "Carol Jones" not in pages["staff"]


def test_people_are_found_by_name_or_address_and_signs_are_letters(browser, make_user):
    make_user("customer", name="Jürgen Groß", email="jg@example.com")
    make_user("customer", name="100 % Wool", email="wool@example.com")

    for words, name in (("JÜRGEN", "Jürgen"), ("jg@", "Jürgen"), ("%", "100 % Wool"), ("0 % w", "100 % Wool")):
        page = browser.get("/admin/people", query_string={"group": "customers", "q": words}).text
        assert name in page, words
    assert "Nobody fits" in browser.get("/admin/people?group=customers&q=_____").text
    assert browser.get("/admin/people?group=customers&q=%00").status_code == 200


def test_a_long_list_goes_on_page_by_page_and_shows_everyone_once(browser, make_user):
    for n in range(people.PAGE + 5):
        make_user("customer", name=f"Twin {n % 3}")

    seen, cursor = [], None
    while True:
        page = people.page("customers", cursor=cursor)
        seen += [line.id for line in page.lines]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == people.PAGE + 5
    assert browser.get("/admin/people?group=customers&cursor=made-up").status_code == 200


@pytest.mark.parametrize("group", ["", "nobody", "__class__"])
def test_a_list_that_does_not_exist_is_not_found(browser, group):
    assert browser.get(f"/admin/people?group={group}").status_code == 404


def test_without_a_mail_server_the_invitation_is_a_link_to_pass_on(browser):
    answer = browser.post("/admin/people/invitations", data={"email": "ana@example.com", "role": "agent"})

    assert answer.status_code == 200
    mailed = db.session.scalars(select(Job).where(Job.template == "invite")).one()
    assert mailed.args["link"] in answer.text
    assert "ana@example.com" in browser.get("/admin/people").text


@pytest.mark.parametrize(
    ("email", "role"),
    [("nonsense", "agent"), ("", "agent"), ("ana@example.com", "customer"), ("ana@example.com", "root")],
)
def test_a_wrong_invitation_is_told_and_nothing_is_lost(browser, email, role):
    answer = browser.post("/admin/people/invitations", data={"email": email, "role": role, "name": "Ana Duarte"})

    assert answer.status_code == 422
    assert "Ana Duarte" in answer.text
    assert db.session.scalars(select(Job)).all() == []


def test_an_invitation_can_be_withdrawn(browser):
    browser.post("/admin/people/invitations", data={"email": "ana@example.com", "role": "agent"})
    user = accounts.find("ana@example.com")

    browser.post(f"/admin/people/{user.id}/invitation/withdrawal")

    assert "Send again" not in browser.get("/admin/people").text


def test_a_role_is_changed_and_the_person_signs_in_anew(browser, client_for, make_user):
    agent = make_user("agent")
    theirs = client_for(agent)

    answer = browser.post(f"/admin/people/{agent.id}/role", data={"role": "supervisor"})

    assert answer.location == f"/admin/people/{agent.id}"
    assert stored(agent).role == Role.SUPERVISOR
    assert theirs.get("/profile").status_code == 303


def test_the_last_admin_is_told_why_they_stay(browser, admin):
    demoted = browser.post(f"/admin/people/{admin.id}/role", data={"role": "agent"})
    shut = browser.post(f"/admin/people/{admin.id}/deactivation")

    assert (demoted.status_code, shut.status_code) == (422, 422)
    assert "at least one admin" in demoted.text
    assert stored(admin).is_admin


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        ("deactivation", lambda user: not user.active),
        ("confirmation", lambda user: user.is_verified),
        ("sessions/revocation", lambda user: not db.session.query(LoginSession).filter_by(user_id=user.id).count()),
    ],
)
def test_an_admin_acts_on_an_account(browser, client_for, make_user, path, claim):
    user = make_user("customer", verified_at=None)
    client_for(user)

    answer = browser.post(f"/admin/people/{user.id}/{path}")

    assert answer.location == f"/admin/people/{user.id}"
    assert claim(stored(user))
    assert browser.get(answer.location).status_code == 200


def test_a_shut_account_is_opened_again(browser, make_user):
    user = make_user("customer", active=False)

    browser.post(f"/admin/people/{user.id}/reactivation")

    assert stored(user).active


@pytest.mark.parametrize(
    "path", ["", "/role", "/deactivation", "/reactivation", "/confirmation", "/sessions/revocation"]
)
def test_nobody_is_there_under_a_number_nobody_has(browser, path):
    for number in (987654, 2**31, 10**30):
        call = browser.post if path else browser.get
        assert call(f"/admin/people/{number}{path}", data={"role": "agent"}).status_code == 404


@pytest.mark.parametrize("role", ["customer", "agent", "supervisor"])
def test_others_see_and_change_nothing(client_for, make_user, role):
    stranger, victim = client_for(make_user(role)), make_user("agent")

    for path in ("", f"/{victim.id}", "/invitations/new"):
        assert stranger.get(f"/admin/people{path}").status_code in (403, 404)
    for path in ("role", "deactivation", "confirmation", "sessions/revocation", "invitation/withdrawal"):
        answer = stranger.post(f"/admin/people/{victim.id}/{path}", data={"role": "customer"})
        assert answer.status_code in (403, 404)
    assert stranger.post("/admin/people/invitations", data={"email": "x@example.com"}).status_code in (403, 404)

    assert stored(victim).role == Role.AGENT
    assert stored(victim).active


def test_names_are_shown_as_text(browser, make_user):
    user = make_user("customer", name='"><img src=x onerror=alert(1)>{{7*7}}')

    for path in ("/admin/people?group=customers", f"/admin/people/{user.id}"):
        page = browser.get(path).text
        assert "<img" not in page
        assert "{{7*7}}" in page


def test_the_door_of_administration_leads_to_the_people(browser):
    assert browser.get("/admin/").location == "/admin/people"
