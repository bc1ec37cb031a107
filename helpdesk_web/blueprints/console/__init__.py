"""The agents' console."""

from typing import Any

from flask import Blueprint

from helpdesk_web.login import person
from helpdesk_web.queries import queues as queues_read

bp = Blueprint("console", __name__, url_prefix="/console")


@bp.app_context_processor
def for_the_rail() -> dict[str, Any]:
    """Every page of staff has the rail; one that has not counted the queues itself has it counted there."""
    return {"rail_queues": lambda: queues_read.rail(queues_read.counts(person()))}


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
