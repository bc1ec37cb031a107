"""The conditions of the built-in lists, as literals: SQLite matches a partial index only to a literal predicate."""

from sqlalchemy import literal_column
from sqlalchemy.sql.elements import ColumnElement


def _literal(condition: str) -> ColumnElement[bool]:
    return literal_column(f"({condition})")


OPEN = _literal("ticket.is_open")
INBOX = _literal("ticket.assignee_id IS NULL AND ticket.is_open")
ACTIVE = _literal("ticket.status IN ('open', 'in_progress')")
WAITING = _literal("ticket.status = 'pending'")
RESOLVED = _literal("ticket.status = 'resolved'")
CLOSED = _literal("ticket.status = 'closed'")
