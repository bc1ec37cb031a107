"""Fills an empty desk. An edge: all of it is one transaction, so a desk is filled or empty, never half."""

import gc
import random
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from operator import itemgetter
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, update
from sqlalchemy.orm import joinedload

from helpdesk_web import audit as audit_edge
from helpdesk_web import clock
from helpdesk_web.database import commit, db, writing
from helpdesk_web.demo import files, planning, staff
from helpdesk_web.demo.bulk import Bulk
from helpdesk_web.demo.cases import Row
from helpdesk_web.demo.people import People
from helpdesk_web.demo.telling import OWN_PHOTO, Enclosure, Teller
from helpdesk_web.demo.week import Week
from helpdesk_web.models import (
    Attachment,
    AuditEvent,
    Category,
    Desk,
    Job,
    Organization,
    OrganizationDomain,
    Rating,
    Reply,
    Tag,
    Team,
    Ticket,
    User,
    Visit,
    team_member,
    ticket_tag,
)
from helpdesk_web.services import audit, desk, outbox, passwords, vault

NAME, ZONE = "Larkspur", "Europe/Amsterdam"
FILLED = "demo.filled"
CHUNK = 1_000  # tickets whose rows wait in memory
LETTERS = 6  # kept mails for the outbox page


def is_demo() -> bool:
    """Whether this desk was filled here, so that anybody knows its passwords."""
    return bool(db.session.scalar(select(exists().where(AuditEvent.stream == "settings", AuditEvent.event == FILLED))))


def is_empty() -> bool:
    return not db.session.scalar(select(exists().where(User.id.is_not(None))))


def fill(tickets: int, seed: int) -> None:
    """Fill an empty desk with so many tickets, their people and their history; the same seed tells the same."""
    rng, now = random.Random(seed), clock.now()  # noqa: S311 (made-up data)
    password_hash = passwords.hash_password(staff.PASSWORD)
    week = Week(ZoneInfo(desk.boot().set_here().get("time_zone", ZONE)), now)
    plan = planning.plan(tickets, week, rng)
    people = People(tickets, rng, now, password_hash)
    stored = _store_files(plan)
    with writing():
        bulk = Bulk(db.session.connection())
        _insert_people(bulk, people)
        teller = Teller(people, week, rng)
        with _uncollected():
            _tell_all(bulk, plan, teller)
        _name_the_desk(people.ids["ada@example.com"])
        for enclosure in teller.enclosures:
            _enclose(enclosure, [stored[file] for file in enclosure.files])
        _keep_some_mail()
        _note_the_filling(tickets, seed)
        commit()
    audit_edge.seal()


def _insert_people(bulk: Bulk, people: People) -> None:
    bulk.insert(Organization, people.organisations)
    bulk.insert(OrganizationDomain, people.domains)
    bulk.insert(User, people.users)
    bulk.insert(Team, people.teams)
    bulk.insert(team_member, people.members)
    bulk.insert(Category, people.categories)
    bulk.insert(AuditEvent, people.events)
    bulk.go_on_counting(Organization, User, Team, Category)


def _tell_all(bulk: Bulk, plan: list[planning.Ticket], teller: Teller) -> None:
    """Tell in the order of creation; records wait for their turn, so that the audit's ids follow the clock."""
    written = teller.written
    waiting: list[Row] = []
    bulk.insert(Tag, teller.tags)
    for start in range(0, len(plan), CHUNK):
        for ticket in plan[start : start + CHUNK]:
            teller.tell(ticket)
        rows = written.take()
        waiting = sorted(waiting + rows.events, key=itemgetter("at"))
        until = rows.tickets[-1]["created_at"] if start + CHUNK < len(plan) else clock.now()
        ready = bisect_right(waiting, until, key=itemgetter("at"))
        bulk.insert(Ticket, rows.tickets)
        bulk.insert(Reply, rows.replies)
        bulk.insert(Rating, rows.ratings)
        bulk.insert(Visit, rows.visits)
        bulk.insert(ticket_tag, rows.tags)
        bulk.insert(AuditEvent, waiting[:ready])
        del waiting[:ready]
    bulk.go_on_counting(Tag, Ticket, Reply)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of rows without circles pass by: looking for circles among them takes a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _name_the_desk(admin_id: int) -> None:
    for name, value in (("desk_name", NAME), ("time_zone", ZONE)):
        if name not in desk.boot().set_here():
            desk.change(name, value, by=admin_id)


def _store_files(plan: list[planning.Ticket]) -> dict[files.File, vault.StoredFile]:
    """Put every file that will be enclosed into the vault, before the transaction."""
    texts = {text for ticket in plan if not ticket.again for text in ticket.talk.texts}
    wanted = {OWN_PHOTO, *(file for text in sorted(texts) for file in files.spoken_of(text))}
    return {file: vault.store((file[0], BytesIO(file[1]))) for file in sorted(wanted)}


def _enclose(enclosure: Enclosure, found: list[vault.StoredFile]) -> None:
    reply = db.session.get_one(Reply, enclosure.reply_id)
    vault.attach(reply, db.session.get_one(User, enclosure.uploader_id), found)
    then = update(Attachment).where(Attachment.reply_id == reply.id).values(created_at=reply.created_at)
    db.session.execute(then, execution_options={"synchronize_session": False})


def _keep_some_mail() -> None:
    """Show what an outbox looks like; with a mail server nothing is written, lest it be sent."""
    if desk.boot().smtp_url:
        return
    answers = select(Reply).options(joinedload(Reply.ticket)).where(Reply.by_staff, ~Reply.is_internal)
    latest = db.session.scalars(answers.order_by(Reply.created_at.desc()).limit(LETTERS)).all()
    for reply in reversed(latest):
        key = f"reply:{reply.id}"
        outbox.post(
            "reply", to=reply.ticket.customer_id, ticket=reply.ticket, args={"reply_id": reply.id}, unique_key=key
        )
        then = update(Job).where(Job.unique_key == key).values(created_at=reply.created_at, run_at=reply.created_at)
        db.session.execute(then, execution_options={"synchronize_session": False})


def _note_the_filling(tickets: int, seed: int) -> None:
    desk_row = db.session.scalars(select(Desk).with_for_update()).one()
    audit.record(desk_row, None, FILLED, {"tickets": tickets, "seed": seed})
    db.session.flush()
