"""Administration."""

from flask import Blueprint
from werkzeug.wrappers import Response

from helpdesk_web.web import go

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
def index() -> Response:
    return go("/admin/people")


from helpdesk_web.blueprints.admin import invitations, people  # noqa: E402

__all__ = ["bp", "invitations", "people"]
