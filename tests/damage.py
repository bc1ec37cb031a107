"""What somebody with the database open, or a failing disk, does to a desk behind the product's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from helpdesk_web.database import commit, db, is_sqlite, writing


def sql(statement: str, **values: Any) -> None:
    """Run one statement past every service and every foreign key."""
    with writing(), unchecked():
        db.session.execute(text(statement), values)
        commit()


@contextmanager
def unchecked() -> Iterator[None]:
    if is_sqlite():
        db.session.execute(text("PRAGMA defer_foreign_keys=ON"))
        yield
    else:
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        yield


def value(statement: str, **values: Any) -> Any:
    found = db.session.execute(text(statement), values).scalar()
    db.session.rollback()
    return found
