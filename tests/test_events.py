"""Domain events fire when the change is durable, and hurt nobody."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from helpdesk_web import events
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Tag


@pytest.fixture
def heard(app: Flask) -> Iterator[list[int]]:
    ids: list[int] = []

    def note(_app: Any, ticket_id: int) -> None:
        ids.append(ticket_id)

    with events.TicketEscalated.connected_to(note):
        yield ids


@pytest.mark.both
def test_an_event_waits_for_the_commit(app: Flask, heard: list[int]) -> None:
    with writing():
        events.later(events.TicketEscalated, ticket_id=1)
        db.session.flush()
        assert heard == []
        commit()
    assert heard == [1]

    with writing():
        commit()
    assert heard == [1]


def test_a_change_that_was_rolled_back_did_not_happen(app: Flask, heard: list[int]) -> None:
    with writing():
        events.later(events.TicketEscalated, ticket_id=1)
    with writing():
        commit()

    assert heard == []


@pytest.mark.both
def test_only_what_a_kept_savepoint_said_is_heard(app: Flask, heard: list[int]) -> None:
    with writing():
        events.later(events.TicketEscalated, ticket_id=1)
        with db.session.begin_nested():
            events.later(events.TicketEscalated, ticket_id=2)
        try:
            with db.session.begin_nested():
                events.later(events.TicketEscalated, ticket_id=3)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert heard == []
        commit()

    assert heard == [1, 2]


def test_a_receiver_may_write(app: Flask) -> None:
    def write(_app: Any, ticket_id: int) -> None:
        with writing():
            db.session.add(Tag(name=f"t{ticket_id}", key=f"t{ticket_id}"))
            commit()

    with events.TicketEscalated.connected_to(write), writing():
        events.later(events.TicketEscalated, ticket_id=7)
        commit()

    assert db.session.query(Tag).one().key == "t7"


def test_a_receiver_that_fails_stops_nobody(app: Flask, heard: list[int], caplog: pytest.LogCaptureFixture) -> None:
    def fail(_app: Any, ticket_id: int) -> None:
        raise RuntimeError("broken integration")

    with events.TicketEscalated.connected_to(fail), writing():
        events.later(events.TicketEscalated, ticket_id=1)
        events.later(events.TicketEscalated, ticket_id=2)
        commit()

    assert heard == [1, 2]
    assert "broken integration" in caplog.text
