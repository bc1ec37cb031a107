"""Whether the process lives and whether the desk can serve."""

import time

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from helpdesk_web import migrating
from helpdesk_web.database import db
from helpdesk_web.services import desk

bp = Blueprint("health", __name__)

STALE_WORKER_SECONDS = 300


@bp.get("/healthz")
def process() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database, migrations, worker and storage are in order."""
    checks = {
        "database": _database(),
        "migrations": _migrations(),
        "storage": _storage(),
        "worker": _worker(),
    }
    good = all(checks.values())
    return jsonify(status="ok" if good else "not ready", checks=checks), 200 if good else 503


def _database() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _migrations() -> bool:
    try:
        return migrating.is_at_head(db.session.connection())
    except SQLAlchemyError:
        return False


def _storage() -> bool:
    return desk.boot().vault_dir.parent.is_dir()


def _worker() -> bool:
    """The worker lays a mark each loop; a desk that was just started has none yet."""
    mark = desk.boot().data_dir / "worker.alive"
    return mark.is_file() and time.time() - mark.stat().st_mtime < STALE_WORKER_SECONDS
