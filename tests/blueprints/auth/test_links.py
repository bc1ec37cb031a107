"""Reset, invitation and set-up links: once, in time, whole, and for nobody but their reader."""

import threading

import pytest

from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Job, Role, Token
from helpdesk_web.services import accounts, desk, invitations, recovery
from tests import factories
from tests.blueprints.auth.conftest import try_to_sign_in

NEW = "a brand new secret"


def ask(app, email, **environ):
    return app.test_client().post("/password/reset", data={"email": email}, **environ)


def test_a_forgotten_password_is_replaced_without_signing_in(app, make_member, sign_in, links):
    user = make_member()
    elsewhere = sign_in(user.email)
    ask(app, user.email)
    browser = app.test_client()

    answer = browser.post(links(user.email, "reset")[0], data={"password": NEW})

    assert answer.location == "/login"
    assert browser.get_cookie("helpdesk_session") is None
    assert elsewhere.get("/profile").status_code == 303
    assert try_to_sign_in(app, user.email).status_code == 422
    sign_in(user.email, NEW)
    assert links(user.email, "password_changed")


def test_known_and_unknown_addresses_get_the_same_answer_and_the_same_work(app, make_member):
    user = make_member()

    known, unknown = ask(app, user.email), ask(app, "nobody@example.com")

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(user.email, "") == unknown.text.replace("nobody@example.com", "")
    jobs = db.session.query(Job).order_by(Job.id).all()
    assert [job.kind for job in jobs] == [recovery.MAIL_LINK] * 2


def test_a_hundred_who_ask_from_a_hundred_addresses_cause_three_mails(app, make_member, links):
    user = make_member()
    answers = {ask(app, user.email, environ_base={"REMOTE_ADDR": f"10.1.{n}.1"}).status_code for n in range(100)}

    assert answers == {200}
    for _ in range(10):
        mailed = links(user.email, "reset")
    assert len(mailed) == 3


def test_mailed_links_are_made_from_the_settings_never_from_the_host(app, make_member, links):
    user = make_member()
    app.test_client().post("/password/reset", data={"email": user.email}, headers={"X-Forwarded-Host": "evil.example"})
    app.test_client().post("/password/reset", data={"email": user.email}, headers={"Host": "evil.example"})

    links(user.email, "reset")

    for job in db.session.query(Job).filter(Job.template == "reset"):
        assert job.args["link"].startswith("http://localhost/password/reset/")


SHAPES = ["%", "*", "%25", "_" * 43, "a" * 43, "%20", "%00", "x" * 4000, "..%2f", "é" * 43]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("base", ["/password/reset/", "/verify/", "/invitations/", "/setup/", "/login/link/"])
def test_a_broken_link_is_the_same_failure_everywhere_and_writes_nothing(app, make_member, links, base, shape):
    user = make_member()
    with writing():
        recovery.mail_link(user.email, recovery.Purpose.RESET)
        commit()
    for answer in (
        app.test_client().get(base + shape),
        app.test_client().post(base + shape, data={"password": NEW, "name": "x", "email": "x@example.com"}),
    ):
        assert answer.status_code in (404, 410), (base, shape)

    db.session.expire_all()
    assert db.session.query(Token).filter(Token.used_at.is_not(None)).count() == 0
    assert db.session.query(Token).count() == 1


def test_a_link_of_one_kind_is_none_of_another(app, make_member, links):
    user = make_member()
    ask(app, user.email)
    secret = links(user.email, "reset")[0].rpartition("/")[2]

    for base in ("/verify/", "/invitations/", "/setup/", "/login/link/"):
        assert app.test_client().get(base + secret).status_code == 410
    assert app.test_client().get(f"/password/reset/{secret[:20]}").status_code == 410
    assert app.test_client().post("/password/reset/", data={"password": NEW}).status_code in (404, 405)


def test_a_reset_link_ends_after_half_an_hour(app, make_member, links, clock):
    user = make_member()
    ask(app, user.email)
    link = links(user.email, "reset")[0]
    clock.tick(minutes=29)
    assert app.test_client().get(link).status_code == 200
    clock.tick(minutes=1)

    assert app.test_client().post(link, data={"password": NEW}).status_code == 410


def test_of_eight_who_use_a_reset_link_at_once_one_succeeds(own_app):
    user = factories.make_user()
    with writing():
        recovery.mail_link(user.email, recovery.Purpose.RESET)
        commit()
    path = db.session.query(Job).filter_by(template="reset").one().args["link"].removeprefix("http://localhost")
    start, codes = threading.Barrier(8), []

    def use(n):
        browser = own_app.test_client()
        start.wait()
        codes.append(browser.post(path, data={"password": f"secret of thread {n}"}).status_code)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == [303] + [410] * 7


def test_a_weak_password_does_not_use_the_link_up(app, make_member, links):
    user = make_member()
    ask(app, user.email)
    link = links(user.email, "reset")[0]

    assert app.test_client().post(link, data={"password": "password"}).status_code == 422
    assert app.test_client().post(link, data={"password": NEW}).status_code == 303


def test_an_invited_agent_comes_in_with_a_password_of_their_own(app, make_user, sign_in):
    admin = make_user("admin")
    with writing():
        link = invitations.invite("ana@example.com", Role.AGENT, by=admin)
        commit()
    path = link.removeprefix("http://localhost")
    browser = app.test_client()
    page = browser.get(path)
    assert "ana@example.com" in page.text

    answer = browser.post(path, data={"name": "Ana", "password": NEW})

    assert (answer.status_code, answer.location) == (303, "/console/")
    db.session.expire_all()
    assert accounts.find("ana@example.com").role == Role.AGENT
    sign_in("ana@example.com", NEW)
    assert app.test_client().get(path).status_code == 410


def test_the_set_up_page_makes_the_first_admin_and_names_the_desk(app, sign_in):
    with writing():
        path = invitations.setup_link().removeprefix("http://localhost")
        commit()
    form = {
        "desk_name": "Larkspur Cycles",
        "time_zone": "Europe/Berlin",
        "name": "Ada",
        "email": "ada@example.com",
        "password": NEW,
    }
    assert app.test_client().get(path).status_code == 200
    assert app.test_client().post(path, data={**form, "email": "nonsense"}).status_code == 422

    answer = app.test_client().post(path, data=form)

    assert answer.location == "/console/"
    db.session.expire_all()
    db.session().info.pop("desk", None)
    assert desk.settings().desk_name == "Larkspur Cycles"
    assert accounts.find("ada@example.com").is_admin
    sign_in("ada@example.com", NEW)
    assert app.test_client().get(path).status_code == 410


def test_no_page_of_a_link_lets_its_address_leak(app, make_member, links):
    user = make_member()
    ask(app, user.email)

    page = app.test_client().get(links(user.email, "reset")[0])

    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert "http://" not in page.text.replace("http://www.w3.org", "")
