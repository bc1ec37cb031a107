"""Many rows at once, on both databases."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from sqlalchemy import JSON, Connection, Table, func, insert, select, text

from helpdesk_web.database import Moment
from helpdesk_web.demo.cases import Row
from helpdesk_web.models.types import Ranked, Word

Into = Any  # a model, or a table
Encode = Callable[[Any], Any]


class Bulk:
    """Inserts rows whose ids are known beforehand and that leave no column to its default."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    def insert(self, into: Into, rows: Sequence[Row]) -> None:
        if not rows:
            return
        table = cast(Table, getattr(into, "__table__", into))
        if self._is_sqlite:
            self._insert_encoded(table, rows)
        else:
            self._connection.execute(insert(table).inline(), rows)

    def go_on_counting(self, *models: Into) -> None:
        """Let the database's own numbering begin after the ids that were given; SQLite does so by itself."""
        if self._is_sqlite:
            return
        for model in models:
            last = self._connection.scalar(select(func.max(model.id))) or 0
            sequence = func.pg_get_serial_sequence(f'"{model.__tablename__}"', "id")
            self._connection.execute(select(func.setval(sequence, last + 1, text("false"))))

    def _insert_encoded(self, table: Table, rows: Sequence[Row]) -> None:
        """SQLite keeps moments and JSON as text, and making those one by one is most of an insert's work."""
        columns = [(name, _encoder(table.c[name].type)) for name in rows[0]]
        names = ", ".join(f'"{name}"' for name, _encode in columns)
        marks = ", ".join("?" for _column in columns)
        values = [tuple(encode(row[name]) if encode else row[name] for name, encode in columns) for row in rows]
        self._connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)  # noqa: S608


def _encoder(kind: Any) -> Encode | None:
    if isinstance(kind, Moment):
        return lambda moment: moment and moment.isoformat(" ", "microseconds")[:26]
    if isinstance(kind, JSON):
        return _json
    if isinstance(kind, Ranked):
        places = {word: place for place, word in enumerate(kind.words)}
        return places.__getitem__
    return (lambda word: word and word.value) if isinstance(kind, Word) else None


def _json(value: Any) -> str:
    return "null" if value is None else json.dumps(value)
