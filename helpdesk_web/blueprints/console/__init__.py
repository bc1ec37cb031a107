"""The agents' console."""

from flask import Blueprint

bp = Blueprint("console", __name__, url_prefix="/console")

from helpdesk_web.blueprints.console import (  # noqa: E402
    assignments,
    categories,
    priorities,
    queues,
    replies,
    states,
    tickets,
)

__all__ = ["assignments", "bp", "categories", "priorities", "queues", "replies", "states", "tickets"]
