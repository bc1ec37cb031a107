"""Rows that refer to rows which are not there, as foreign keys that were switched off let them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    String,
    Table,
    and_,
    cast,
    delete,
    exists,
    or_,
    select,
    update,
)

from helpdesk_web.database import Base, db
from helpdesk_web.models import Attachment, AuditEvent, Reply, Submission, Ticket
from helpdesk_web.services.relations.fault import Cure, Fault, running

# The chain covers what its records refer to: they are evidence and stay as they are.
_UNTOUCHED = {AuditEvent.__tablename__}
# A file without a row of its bytes is looked at together with the store.
_ELSEWHERE = {(Attachment.__tablename__, "digest")}


def find() -> Iterator[Fault]:
    for table in Base.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            if (table.name, key.parent.name) not in _ELSEWHERE:
                yield from _dangling(table, key)
    yield from _forms_without_result()


def _dangling(table: Table, key: ForeignKey) -> Iterator[Fault]:
    column, primary = key.parent, list(table.primary_key.columns)
    for row in db.session.execute(select(*primary, column.label("_to")).where(_is_dangling(key))):
        place = {part.name: value for part, value in zip(primary, row, strict=False)}
        named = ", ".join(f"{name} {value}" for name, value in place.items())
        what = f"{table.name} {named}: {column.name} {row[-1]} does not exist"
        yield Fault("orphan", what, _cure(table, key, place))


def _is_dangling(key: ForeignKey) -> ColumnElement[bool]:
    target = key.column.table.alias("target")
    there = exists().where(target.c[key.column.name] == key.parent)
    return and_(key.parent.is_not(None), ~there)


def _cure(table: Table, key: ForeignKey, place: dict[str, Any]) -> Cure | None:
    """What belonged to what is gone goes too; what only mentioned it forgets it; anything else stays."""
    if table.name in _UNTOUCHED:
        return None
    here = and_(_is_dangling(key), *(table.c[name] == value for name, value in place.items()))
    if key.ondelete == "CASCADE":
        statement: Any = delete(table).where(here)
    elif key.parent.nullable:
        statement = update(table).where(here).values({key.parent.name: None})
    else:
        return None
    return running(statement)


def _forms_without_result() -> Iterator[Fault]:
    """A form sent again would lead nowhere; without its row it is sent anew."""
    result = Submission.result
    ticket = exists().where(or_(Ticket.refid == result, "ticket:" + Ticket.refid == result))
    reply = exists().where("reply:" + cast(Reply.id, String) == result)
    known = or_(*(result.startswith(kind, autoescape=True) for kind in ("sup_", "ticket:", "reply:")))
    for number, lost in db.session.execute(select(Submission.id, result).where(known, ~ticket, ~reply)):
        what = f"submission id {number}: its result {lost} does not exist"
        yield Fault("orphan", what, running(delete(Submission).where(Submission.id == number)))
