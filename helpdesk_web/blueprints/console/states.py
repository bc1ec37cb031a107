"""Where a ticket stands: the status control, and resolution, closure and reopening as things of their own."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp
from helpdesk_web.blueprints.console.changes import change
from helpdesk_web.blueprints.console.forms import ChangeForm, StatusForm
from helpdesk_web.errors import InvalidInput
from helpdesk_web.login import person
from helpdesk_web.models import Ticket, TicketStatus
from helpdesk_web.services import tickets


@bp.post("/tickets/<refid>/status")
@access("ticket.resolve")
def set_status(refid: str) -> BaseResponse:
    form = StatusForm()

    def act(ticket: Ticket) -> None:
        if form.status.data not in list(TicketStatus):
            raise InvalidInput(_("That status does not exist."), "status")
        tickets.set_status(ticket, form.status.data, by=person())

    return change(refid, form, act, now=_status, wanted=form.status.data, said=_("Status changed."))


@bp.post("/tickets/<refid>/resolution")
@access("ticket.resolve")
def resolve(refid: str) -> BaseResponse:
    return change(
        refid,
        ChangeForm(),
        lambda ticket: tickets.resolve(ticket, by=person()),
        now=_status,
        wanted="resolved",
        said=_("Resolved."),
    )


@bp.post("/tickets/<refid>/closure")
@access("ticket.close")
def close(refid: str) -> BaseResponse:
    return change(
        refid,
        ChangeForm(),
        lambda ticket: tickets.close(ticket, by=person()),
        now=_status,
        wanted="closed",
        said=_("Closed."),
    )


@bp.post("/tickets/<refid>/reopening")
@access("ticket.resolve")
def reopen(refid: str) -> BaseResponse:
    return change(
        refid,
        ChangeForm(),
        lambda ticket: tickets.reopen(ticket, by=person()),
        now=_status,
        wanted=None,
        said=_("Open again."),
    )


def _status(ticket: Ticket) -> str:
    return ticket.status.value
