"""What no form of ours would send is answered with a clear refusal, and an expired form keeps its text."""

import pytest

from helpdesk_web import support
from helpdesk_web.errors import CategoryNotFound, InvalidInput
from helpdesk_web.services import passwords

ODD = ["a\0b", "9" * 5000, "99999999999", "x" * 300, "\u0663" * 12]


@pytest.mark.both
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_category_is_refused(odd, kind, customer, agent_client, customer_client, make_ticket):
    ticket = make_ticket(customer)
    asked = {"subject": "S", "description": "My story", "category_id": odd, "submission": "k"}

    refused = customer_client.post("/support/tickets", data=asked)

    assert refused.status_code == 422
    assert "My story" in refused.text
    changed = agent_client.post(f"/console/tickets/{ticket.refid}/category", data={"category_id": odd})
    assert changed.status_code == 422
    with pytest.raises(CategoryNotFound):
        support.make().for_user(customer).category(odd).subject("S").description("D").create()


@pytest.mark.both
@pytest.mark.parametrize("address", ["/console/tickets/sup_%00a", "/support/tickets/sup_%00a", "/files/%00a/x"])
def test_an_address_with_a_null_is_not_found(address, kind, agent_client):
    assert agent_client.get(address).status_code == 404


def test_an_expired_preview_keeps_the_text(app, customer, customer_client, make_ticket):
    ticket = make_ticket(customer)
    app.config["WTF_CSRF_ENABLED"] = True

    for address, field in (
        ("/support/tickets", "description"),
        (f"/support/tickets/{ticket.refid}/replies", "message"),
    ):
        answer = customer_client.post(address, data={field: "My long story", "preview": "1"})
        assert answer.status_code == 400
        assert "My long story" in answer.text


def test_an_empty_priority_is_none_at_all(customer_client, make_category):
    asked = {"subject": "S", "description": "D", "category_id": make_category().id, "priority": ""}

    assert customer_client.post("/support/tickets", data=asked).status_code == 303


def test_the_way_on_fits_into_a_header(make_user, client_for):
    user = make_user(password_hash=passwords.hash_password("correct horse battery"))
    typed = {"email": user.email, "password": "correct horse battery", "next": "/support/tickets?q=漢"}

    answer = client_for().post("/login", data=typed, headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == "/support/tickets?q=%E6%BC%A2"


def test_searches_are_counted_by_address(customer_client):
    codes = [customer_client.get("/support/tickets?q=x").status_code for _search in range(121)]

    assert codes == [200] * 120 + [429]
    assert customer_client.get("/support/tickets").status_code == 200


def test_the_admins_address_of_a_ticket_leads_to_the_console(client_for, make_user, make_ticket):
    ticket = make_ticket()

    answer = client_for(make_user("admin")).get(f"/admin/support/tickets/{ticket.refid}")

    assert answer.location == f"/console/tickets/{ticket.refid}"


@pytest.mark.parametrize("nobody", [999_999, 10**30, "7"])
def test_a_verb_by_nobody_is_refused(nobody, make_ticket):
    ticket = make_ticket()

    with pytest.raises(InvalidInput):
        support.resolve(ticket, by=nobody)
    assert ticket.is_open()


@pytest.mark.parametrize("yes", ["true", "True", "1", "on"])
def test_every_spelling_of_internal_is_a_note(yes, agent_client, make_ticket):
    ticket = make_ticket()

    written = agent_client.post(f"/console/tickets/{ticket.refid}/replies", data={"message": "M", "is_internal": yes})

    assert written.status_code == 303
    assert ticket.replies[-1].is_internal


def test_what_is_neither_internal_nor_public_is_refused(agent_client, make_ticket):
    ticket = make_ticket()
    typed = {"message": "My note", "is_internal": "perhaps"}

    refused = agent_client.post(f"/console/tickets/{ticket.refid}/replies", data=typed)

    assert refused.status_code == 422
    assert "My note" in refused.text
