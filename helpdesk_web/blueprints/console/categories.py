"""What a ticket is about."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp
from helpdesk_web.blueprints.console.changes import change
from helpdesk_web.blueprints.console.forms import CategoryForm
from helpdesk_web.login import person
from helpdesk_web.services import tickets


@bp.post("/tickets/<refid>/category")
@access("ticket.set_category")
def set_category(refid: str) -> BaseResponse:
    form = CategoryForm()
    return change(
        refid,
        form,
        lambda ticket: tickets.set_category(ticket, form.category_id.data or "", by=person()),
        now=lambda ticket: str(ticket.category_id),
        wanted=form.category_id.data,
        said=_("Category changed."),
    )
