"""How urgent a ticket is."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp
from helpdesk_web.blueprints.console.changes import change
from helpdesk_web.blueprints.console.forms import PriorityForm
from helpdesk_web.login import person
from helpdesk_web.services import tickets


@bp.post("/tickets/<refid>/priority")
@access("ticket.set_priority")
def set_priority(refid: str) -> BaseResponse:
    form = PriorityForm()
    return change(
        refid,
        form,
        lambda ticket: tickets.set_priority(ticket, form.priority.data or "", by=person()),
        now=lambda ticket: ticket.priority.value,
        wanted=form.priority.data,
        said=_("Priority changed."),
    )
