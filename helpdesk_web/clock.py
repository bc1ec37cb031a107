"""The only clock. Everything asks `clock.now()`, so tests can move time in one place."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)
