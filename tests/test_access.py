"""Role by route, made from the URL map: a new route without a rule fails here."""

import re

import pytest

from helpdesk_web.access import PUBLIC, SIGNED_IN, rule_of
from helpdesk_web.models import Role
from helpdesk_web.permissions import TABLE

STRANGER = None
ROLES = [STRANGER, *Role]
FILLED = {
    "refid": "sup_nobodyhasthis12345",
    "slug": "inbox",
    "token": "x" * 43,
    "number": "1",
    "filename": "x.css",
    "session_id": "99999",
    "user_id": "99999",
}


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.endpoint, address_of(rule)


def address_of(rule):
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: FILLED.get(found.group(1), "1"), rule.rule)


def test_every_route_has_a_rule_that_means_something(app):
    for _method, endpoint, _address in routes(app):
        assert rule_of(app, endpoint) in {PUBLIC, SIGNED_IN, *TABLE}, endpoint


def test_who_may_not_gets_nothing_and_changes_nothing(app, client_for, make_user):
    browsers = {role: client_for(make_user(role.value) if role else None) for role in ROLES}
    wrong = []
    for method, endpoint, address in routes(app):
        rule = rule_of(app, endpoint)
        for role, browser in browsers.items():
            if endpoint in ("auth.logout", "profile.sign_out_elsewhere") or rule == PUBLIC:
                continue
            status = browser.open(address, method=method).status_code
            if role is STRANGER:
                refused = status in (303, 401)
            elif rule == SIGNED_IN or role.rank >= TABLE[rule].rank:
                refused = status not in (401, 403, 500)
            else:
                refused = status in (403, 404)
            if not refused:
                wrong.append((role, method, address, status))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_no_route_breaks_for_anyone(role, app, client_for, make_user):
    browser = client_for(make_user(role.value) if role else None)

    broken = [
        (method, address)
        for method, endpoint, address in routes(app)
        if endpoint != "health.ready" and browser.open(address, method=method).status_code >= 500
    ]

    assert broken == []


def test_every_answer_carries_the_headers(app, agent_client):
    for address in ("/", "/login", "/console/queues/inbox", "/nowhere", "/static/favicon.svg", "/healthz"):
        headers = agent_client.get(address).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        if not address.startswith("/static"):
            assert headers["Cache-Control"] == "no-store"
            assert "HX-Request" in headers["Vary"]


def test_every_change_needs_the_forms_token(app, client_for, make_user):
    app.config["WTF_CSRF_ENABLED"] = True
    for role in (Role.CUSTOMER, Role.ADMIN):
        browser = client_for(make_user(role.value))
        for method, endpoint, address in routes(app):
            if method == "POST" and rule_of(app, endpoint) != PUBLIC:
                status = browser.post(address).status_code
                assert status in (400, 403, 404), (address, status)
