"""The figures, for supervisors."""

from flask import Blueprint

bp = Blueprint("analytics", __name__, url_prefix="/analytics")

from helpdesk_web.blueprints.analytics import overview  # noqa: E402

__all__ = ["bp", "overview"]
