"""How far a person has read a ticket: the reader's own mark, written after the answer has left."""

from typing import Any

from flask import Flask, Response, current_app
from sqlalchemy.dialects import postgresql, sqlite

from helpdesk_web import clock
from helpdesk_web.database import commit, db, is_sqlite, writing
from helpdesk_web.errors import Busy, StorageFull
from helpdesk_web.models import Ticket, User, Visit


def last(user: User, ticket: Ticket) -> Visit | None:
    """How far this person has read."""
    return db.session.get(Visit, (user.id, ticket.id))


def note_after(response: Response, user: User, ticket: Ticket, reply_id: int, before: Visit | None) -> None:
    """Once the answer has left, note that everything up to this message was shown."""
    if response.status_code >= 500:  # the database has enough to do
        return
    if before and before.reply_id >= reply_id and before.seen_at >= ticket.last_activity_at:
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    mark = {"user_id": user.id, "ticket_id": ticket.id, "reply_id": reply_id, "seen_at": clock.now()}
    response.call_on_close(lambda: _write(app, mark))


def note(**mark: Any) -> None:
    """Move the mark on; it never goes back."""
    insert = (sqlite.insert if is_sqlite() else postgresql.insert)(Visit).values(**mark)
    newer = {"seen_at": insert.excluded.seen_at, "reply_id": insert.excluded.reply_id}
    db.session.execute(
        insert.on_conflict_do_update(
            index_elements=[Visit.user_id, Visit.ticket_id],
            set_=newer,
            where=Visit.reply_id <= insert.excluded.reply_id,
        )
    )


def _write(app: Flask, mark: dict[str, Any]) -> None:
    with app.app_context():
        try:
            with writing():
                note(**mark)
                commit()
        except (Busy, StorageFull):  # a mark may be lost, nothing else hangs on it
            db.session.rollback()
