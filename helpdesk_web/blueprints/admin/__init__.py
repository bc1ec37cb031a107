"""Administration."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from helpdesk_web.blueprints.admin import invitations, people  # noqa: E402

__all__ = ["bp", "invitations", "people"]
