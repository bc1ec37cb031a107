"""The customers' portal."""

from flask import Blueprint

bp = Blueprint("portal", __name__)

from helpdesk_web.blueprints.portal import home, preview, ratings, replies, states, tickets  # noqa: E402

__all__ = ["bp", "home", "preview", "ratings", "replies", "states", "tickets"]
