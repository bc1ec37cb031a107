"""What the one place that locks and commits promises, on both databases."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk_web.database import db, lock, writing
from helpdesk_web.models import Ticket

pytestmark = pytest.mark.both


def test_a_row_that_a_page_read_with_what_is_joined_to_it_can_be_locked(make_ticket: Any) -> None:
    made = make_ticket()
    shown = db.session.scalars(select(Ticket).options(joinedload(Ticket.assignee)).where(Ticket.id == made.id)).one()

    with writing():
        assert lock(shown).assignee is None
