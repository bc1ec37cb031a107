"""Where a list goes on: the sort value and id of a row, signed, so that nobody walks a list by a made-up one."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Integer, bindparam, tuple_

from helpdesk_web.database import Moment


class Cursor(NamedTuple):
    """A row's place; `back` asks for the rows before it."""

    moment: datetime
    id: int
    back: bool = False

    def sealed(self) -> str:
        return str(_sealer().dumps([self.moment.timestamp(), self.id, int(self.back)]))


def read(sealed: str | None) -> Cursor | None:
    """Return the cursor of an address, None for none or one that was not made here."""
    if not sealed:
        return None
    try:
        moment, number, back = _sealer().loads(sealed)
        return Cursor(datetime.fromtimestamp(moment, UTC), int(number), bool(back))
    except (BadData, TypeError, ValueError, OverflowError, OSError):
        return None


AT = bindparam("at", type_=Moment)
AT_ID = bindparam("at_id", type_=Integer)


def page(query: Any, columns: tuple[Any, Any], cursor: Cursor | None, *, descending: bool) -> Any:
    """Order by (moment, id) and start behind the cursor; rows before it come back in reverse."""
    placed = paged(query, columns, way(cursor), descending=descending)
    return placed.params(**facts(cursor)) if cursor else placed


def paged(query: Any, columns: tuple[Any, Any], way: str, *, descending: bool) -> Any:
    """The same as a statement to build once: `way` is first, after or before the place given by `facts`."""
    moment, number = columns
    down = descending != (way == "before")
    if way != "first":
        here, place = tuple_(moment, number), tuple_(AT, AT_ID)
        query = query.where(here < place if down else here > place)
    return query.order_by(*((moment.desc(), number.desc()) if down else (moment, number)))


def way(cursor: Cursor | None) -> str:
    return "first" if cursor is None else "before" if cursor.back else "after"


def facts(cursor: Cursor | None) -> dict[str, Any]:
    return {"at": cursor.moment, "at_id": cursor.id} if cursor else {}


class Page(NamedTuple):
    """The rows of one page in reading order, and the ways on."""

    rows: list[Any]
    next_cursor: str | None
    prev_cursor: str | None


def cut(rows: list[Any], size: int, cursor: Cursor | None, key: Any) -> Page:
    """Make a page of up to `size + 1` fetched rows; `key(row)` is its (moment, id)."""
    more, kept = len(rows) > size, rows[:size]
    backwards = cursor is not None and cursor.back
    if backwards:
        kept.reverse()
    following = Cursor(*key(kept[-1])).sealed() if kept and (more or backwards) else None
    preceding = None
    if kept and cursor is not None and (more or not backwards):
        preceding = Cursor(*key(kept[0]))._replace(back=True).sealed()
    return Page(kept, following, preceding)


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="cursor")
