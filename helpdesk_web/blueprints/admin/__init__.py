"""Administration."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from helpdesk_web.login import person
from helpdesk_web.queries import queues
from helpdesk_web.web import go

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
def index() -> Response:
    return go("/admin/people")


@bp.context_processor
def rail() -> dict[str, Any]:
    """What the console's rail shows beside every page of administration."""
    return {"queues": queues.rail(queues.counts(person())), "queue": None}


from helpdesk_web.blueprints.admin import invitations, people  # noqa: E402

__all__ = ["bp", "invitations", "people"]
