"""Each list has its index, and each page its number of statements."""

import pytest
from sqlalchemy import select, text

from helpdesk_web import clock, support
from helpdesk_web.database import commit, db, is_sqlite, writing
from helpdesk_web.models import Ticket
from helpdesk_web.queries import cursors, queues
from helpdesk_web.services import openings
from tests.databases import counted
from tests.factories import first_category, make_ticket

INDEXES = {
    "inbox": ("ix_ticket_inbox", "ix_ticket_mine"),  # SQLite takes either: nobody is one value of the latter
    "mine": ("ix_ticket_mine", "ix_ticket_open"),  # both carry the assignee; on an empty table they cost the same
    "due-soon": "ix_ticket_open",
    "breached": "ix_ticket_open",
    "waiting": "ix_ticket_waiting",
    "all-open": "ix_ticket_open",
    "resolved": "ix_ticket_resolved",
    "closed": "ix_ticket_closed",
}


@pytest.mark.both
@pytest.mark.parametrize("slug", queues.QUEUES)
@pytest.mark.parametrize("page", ["first", "next"])
def test_each_queue_is_read_along_its_index(slug, page, app, make_user):
    queue, supervisor, now = queues.QUEUES[slug], make_user("supervisor"), clock.now()
    place = cursors.Cursor(now, 7) if page == "next" else None
    query = queues.within(select(Ticket.id, queue.sort), queue, sees_all=True).params(queues.facts(supervisor, now))
    query = cursors.page(query, (queue.sort, Ticket.id), place, descending=queue.descending).limit(51)

    plan = explained(query)

    assert any(name in plan for name in names_of(slug)), plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.both
def test_the_customers_list_is_read_along_its_index(app, customer):
    query = select(Ticket.id).where(Ticket.customer_id == customer.id)
    query = cursors.page(query, (Ticket.last_public_at, Ticket.id), None, descending=True).limit(21)

    plan = explained(query)

    assert "ix_ticket_customer_public" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.both
def test_a_page_of_the_queue_takes_few_statements(app, agent, agent_client):
    for _ in range(3):
        make_ticket()
    agent_client.get("/console/queues/inbox")

    with counted(app) as statements:
        assert agent_client.get("/console/queues/inbox").status_code == 200

    assert len(statements) <= 6, statements


@pytest.mark.both
def test_a_ticket_takes_few_statements_however_much_was_said(app, agent, agent_client):
    ticket = make_ticket()
    for number in range(12):
        support.reply(ticket, agent.id, f"Word {number}", is_internal=number % 3 == 0)
    address = f"/console/tickets/{ticket.refid}"
    agent_client.get(address)

    with counted(app) as statements:
        assert agent_client.get(address).status_code == 200

    assert len(statements) <= 8, statements


@pytest.mark.both
def test_opening_a_ticket_takes_few_statements(app, customer):
    asked = openings.request(
        customer_id=customer.id,
        author_id=customer.id,
        category=first_category(),
        subject="Help",
        description="Please.",
        submission="once",
    )

    with counted(app) as statements, writing():
        openings.open_ticket(asked)
        commit()

    assert len(statements) <= 12, statements


def explained(query):
    compiled = query.compile(db.engine, compile_kwargs={"literal_binds": False})
    connection = db.session.connection()
    if is_sqlite():
        rows = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", tuple(compiled.params[name] for name in compiled.positiontup)
        )
        return "\n".join(str(row[-1]) for row in rows)
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    rows = connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params)
    return "\n".join(row[0] for row in rows)


def names_of(slug):
    names = INDEXES[slug]
    return names if isinstance(names, tuple) else (names,)
