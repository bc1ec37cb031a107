"""Many rows at once, on both databases."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, func, insert, select, text

from helpdesk_web.demo.cases import Row

Into = Any  # a model, or a table


class Bulk:
    """Inserts rows whose ids are known beforehand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, into: Into, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.execute(insert(_table(into)).inline(), rows)

    def go_on_counting(self, *models: Into) -> None:
        """Let the database's own numbering begin after the ids that were given; SQLite does so by itself."""
        if self._connection.dialect.name == "sqlite":
            return
        for model in models:
            table = _table(model)
            last = self._connection.scalar(select(func.max(table.c.id))) or 0
            sequence = func.pg_get_serial_sequence(f'"{table.name}"', "id")
            self._connection.execute(select(func.setval(sequence, last + 1, text("false"))))


def _table(into: Into) -> Table:
    return cast(Table, getattr(into, "__table__", into))
