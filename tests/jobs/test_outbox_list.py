"""Who sees what of the outbox."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import NotAllowed, SupportError
from helpdesk_web.models import Job, JobState, Ticket, User
from helpdesk_web.queries import outbox as lists
from helpdesk_web.services import outbox
from helpdesk_web.services.tokens import Purpose
from tests import factories
from tests.jobs.test_mailing import post_link
from tests.jobs.tools import mails, queue


@pytest.mark.both
def test_agents_see_the_mails_of_tickets_they_see(
    app: Flask, make_ticket: Any, make_user: Any, agent: User, customer: User
) -> None:
    insider = make_user("agent")
    team = factories.make_team("Payroll", members=(insider,), private=True)
    open_to_all, secret = make_ticket(), make_ticket()
    with writing():
        db.session.execute(update(Ticket).where(Ticket.id == secret.id).values(team_id=team.id))
        commit()
    post_link(customer)
    admin = make_user("admin")

    def tickets_shown_to(user: User) -> set[str | None]:
        return {row.ticket_refid for row in lists.mails(user).rows}

    assert tickets_shown_to(agent) == {open_to_all.refid}
    assert tickets_shown_to(insider) == {open_to_all.refid, secret.refid}
    assert tickets_shown_to(admin) == {open_to_all.refid, secret.refid, None}
    assert tickets_shown_to(customer) <= {None, *tickets_shown_to(agent)}
    assert lists.find(agent, mails()[1].id) is None
    assert lists.counts(agent)["kept"] == 1
    assert lists.kept_count() == 3


def test_pages_of_the_outbox_follow_each_other(app: Flask, make_ticket: Any, make_user: Any) -> None:
    for _n in range(5):
        make_ticket()
    admin = make_user("admin")
    first = lists.mails(admin, size=3)
    second = lists.mails(admin, size=3, cursor=first.next_cursor)

    seen = [row.id for row in (*first.rows, *second.rows)]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_links_are_not_shown_to_people_of_the_same_rank(app: Flask, make_user: Any, customer: User) -> None:
    ada, ben = make_user("admin"), make_user("admin")
    for person in (customer, ada):
        post_link(person, Purpose.RESET)
    of_customer, of_ada = mails()

    assert lists.may_read_body(ada, of_customer)
    assert lists.may_read_body(ada, of_ada)
    assert not lists.may_read_body(ben, of_ada)
    assert not lists.may_read_body(make_user("supervisor"), of_customer)


def test_admins_see_other_jobs_only_once_they_are_set_aside(app: Flask, make_user: Any, agent: User) -> None:
    queue("test.one")
    queue("test.two")
    with writing():
        db.session.execute(update(Job).where(Job.kind == "test.two").values(state=JobState.DEAD, last_error="why"))
        commit()

    assert [(row.kind, row.last_error) for row in lists.mails(make_user("admin")).rows] == [("test.two", "why")]
    assert lists.mails(agent).rows == []
    assert lists.dead_count() == 1


def test_only_admins_retry_and_only_what_can_still_leave(
    app: Flask, make_user: Any, customer: User, agent: User, clock: Any
) -> None:
    post_link(customer)
    admin, job = make_user("admin"), mails()[0]
    with pytest.raises(NotAllowed):
        outbox.retry(job, agent)
    with pytest.raises(SupportError, match="no mail server"):
        outbox.retry(job, admin)

    app.config["HELPDESK"] = app.config["HELPDESK"].model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    clock.tick(hours=1)
    with pytest.raises(SupportError, match="no longer valid"):
        outbox.retry(mails()[0], admin)
