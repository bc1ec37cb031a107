"""Tickets: one with its thread, and a new one for somebody else."""

from flask import Response, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp, pages
from helpdesk_web.blueprints.console.forms import TicketForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import SupportError
from helpdesk_web.login import person
from helpdesk_web.models import Ticket
from helpdesk_web.services import accounts, openings, texts
from helpdesk_web.web import answer, go, status_of


@bp.get("/tickets/<refid>")
def show_ticket(refid: str) -> Response:
    return pages.ticket_page(refid)


@bp.get("/tickets/new")
@access("ticket.open_for_others")
def new_ticket() -> Response:
    return _form_page(TicketForm())


@bp.post("/tickets")
@access("ticket.open_for_others")
def create_ticket() -> BaseResponse:
    form = TicketForm()
    if not form.validate_on_submit():
        return _form_page(form, 422)
    try:
        ticket = _open(form)
    except SupportError as error:
        form.refuse(error)
        return _form_page(form, status_of(error))
    return go(url_for(".show_ticket", refid=ticket.refid), _("The ticket is open."))


def _open(form: TicketForm) -> Ticket:
    """Find or make the customer and open the ticket, in one transaction."""
    author = person()
    prepared = openings.request(
        customer_id=0,
        author_id=author.id,
        category=form.category_id.data,
        subject=form.subject.data,
        description=form.description.data,
        priority=form.priority.data,
        channel=form.channel.data,
        files=form.files.stored(),
        submission=form.submission.data,
    )
    name = texts.one_line(form.name.data or "", field="name", limit=texts.MAX_NAME, required=False)
    with writing():
        customer = accounts.find_or_create_customer(form.email.data or "", name, by=author)
        ticket = openings.open_ticket(prepared.for_customer(customer.id))
        commit()
    return ticket


def _form_page(form: TicketForm, status: int = 200) -> Response:
    return answer("console/tickets/new.html", status, form=form, **pages.upload_limits())
