"""Administration."""

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from helpdesk_web.web import go

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
def index() -> Response:
    return go("/admin/people")


@bp.get("/support/tickets/<refid>")
def show_ticket(refid: str) -> Response:
    """Lead to where tickets are worked on."""
    return go(url_for("console.show_ticket", refid=refid))


from helpdesk_web.blueprints.admin import invitations, people  # noqa: E402

__all__ = ["bp", "invitations", "people"]
