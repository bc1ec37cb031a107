"""What people keep about themselves: name, zone, language, theme, password, and where they are signed in."""

from flask import Blueprint

bp = Blueprint("profile", __name__, url_prefix="/profile")

from helpdesk_web.blueprints.profile import password, sessions, show  # noqa: E402

__all__ = ["bp", "password", "sessions", "show"]
