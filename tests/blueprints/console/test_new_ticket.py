"""A ticket that staff open for somebody who called."""

from collections.abc import Callable

from flask.testing import FlaskClient


def test_all_that_is_missing_is_said_at_once(agent_client: FlaskClient, make_category: Callable[..., object]) -> None:
    make_category("Orders")
    make_category("Printers")

    page = agent_client.get("/console/tickets/new").text
    answer = agent_client.post("/console/tickets", data={"category_id": "", "priority": "medium", "channel": "phone"})

    assert "Please choose</option>" in page
    assert answer.status_code == 422
    assert answer.text.count("Please fill this in.") == 3
    assert "Please choose what it is about." in answer.text
