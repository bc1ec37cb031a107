"""Who has a ticket."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp
from helpdesk_web.blueprints.console.changes import change
from helpdesk_web.blueprints.console.forms import AssignmentForm
from helpdesk_web.blueprints.console.replies import agent_of
from helpdesk_web.login import person
from helpdesk_web.services import tickets


@bp.post("/tickets/<refid>/assignment")
@access("ticket.assign")
def assign(refid: str) -> BaseResponse:
    form = AssignmentForm()
    return change(
        refid,
        form,
        lambda ticket: tickets.assign(ticket, agent_of(form.agent_id.data), by=person()),
        now=lambda ticket: str(ticket.assignee_id or ""),
        wanted=form.agent_id.data or "",
        said=_("Assigned.") if form.agent_id.data else _("Nobody has it now."),
    )
