"""Limits by client address, counted in one place that all processes share: Redis, or a small SQLite file.

The file is apart from the desk's database and not synced: losing it forgets some counts, nothing else.
"""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask_limiter import RateLimitExceeded
from limits.storage import Storage

from helpdesk_web.config import Settings
from helpdesk_web.extensions import limiter

CREATE_LIMIT = "30 per hour"  # tickets an address
PREVIEW_LIMIT = "60 per minute"  # renderings an address
PREVIEW_LIMIT = "60 per minute"  # renderings an address
SEARCH_LIMIT = "120 per minute"  # searches an address: each reads every message of one's requests


class SQLiteStorage(Storage):
    """Fixed windows in one table; one upsert a hit, exact over threads and processes."""

    STORAGE_SCHEME = ["sqlite+limits"]
    base_exceptions = sqlite3.Error

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self.path = Path((uri or "").removeprefix("sqlite+limits://"))
        self.local = threading.local()
        self._connection().execute(
            "CREATE TABLE IF NOT EXISTS hits (key TEXT PRIMARY KEY, count INTEGER, ends REAL) WITHOUT ROWID"
        )

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        row = self._connection().execute(
            "INSERT INTO hits VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET "
            "count = CASE WHEN ends <= ?4 THEN ?2 ELSE count + ?2 END, "
            "ends = CASE WHEN ends <= ?4 THEN ?3 ELSE ends END RETURNING count",
            (key, amount, now + expiry, now),
        )
        return int(row.fetchone()[0])

    def get(self, key: str) -> int:
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        return float(self._row(key)[1])

    def check(self) -> bool:
        self._connection().execute("SELECT 1 FROM hits LIMIT 1")
        return True

    def reset(self) -> int | None:
        return self._connection().execute("DELETE FROM hits").rowcount

    def clear(self, key: str) -> None:
        self._connection().execute("DELETE FROM hits WHERE key = ?", (key,))

    def forget_past(self) -> int:
        """Drop windows that have ended; the worker calls it."""
        return self._connection().execute("DELETE FROM hits WHERE ends <= ?", (time.time(),)).rowcount

    def close(self) -> None:
        """Let go of this thread's connection; the next use opens one again."""
        if hasattr(self.local, "connection"):
            self.local.connection.close()
            del self.local.connection

    def _row(self, key: str) -> tuple[int, float]:
        now = time.time()
        found = self._connection().execute("SELECT count, ends FROM hits WHERE key = ? AND ends > ?", (key, now))
        return found.fetchone() or (0, now)

    def _connection(self) -> sqlite3.Connection:
        """One connection a thread: SQLite's are not to be carried over a fork or between threads."""
        if not hasattr(self.local, "connection"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=5, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            self.local.connection = connection
        made: sqlite3.Connection = self.local.connection
        return made


def bind(app: Flask, settings: Settings) -> None:
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or (
        f"sqlite+limits://{settings.data_dir / 'ephemeral.sqlite3'}"
    )
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True  # without Redis: fewer guarantees, never none
    app.config["RATELIMIT_SWALLOW_ERRORS"] = False
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    limiter.init_app(app)


def close() -> None:
    """Let go of the file of counts, as whoever forks must."""
    if isinstance(limiter.storage, SQLiteStorage):
        limiter.storage.close()


def hit(limit: str, *key: str) -> None:
    """Count one more under this key; RateLimitExceeded when it was one too many."""
    with limiter.limit(limit, key_func=lambda: ":".join(key)) if key else limiter.limit(limit):
        pass


def retry_after(error: RateLimitExceeded) -> int:
    """Seconds until the window that was full ends."""
    limit = limiter.current_limit
    if limit is not None and limit.reset_at:
        return max(1, int(limit.reset_at - time.time()) + 1)
    return int(error.limit.limit.get_expiry()) if error.limit else 60


__all__ = [
    "CREATE_LIMIT",
    "PREVIEW_LIMIT",
    "SEARCH_LIMIT",
    "RateLimitExceeded",
    "SQLiteStorage",
    "bind",
    "close",
    "hit",
    "retry_after",
]
