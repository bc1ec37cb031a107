""" "This solved it" and "I still need help"."""

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.portal import bp, pages
from helpdesk_web.blueprints.portal.forms import ActionForm, ReplyForm
from helpdesk_web.database import commit, lock, writing
from helpdesk_web.errors import SupportError
from helpdesk_web.login import person
from helpdesk_web.models import Ticket
from helpdesk_web.services import replies, states, tickets
from helpdesk_web.services.states import Event
from helpdesk_web.web import by_htmx, go, status_of


@bp.post("/support/tickets/<refid>/resolution")
@access("ticket.solve")
def solve(refid: str) -> BaseResponse:
    ticket = pages.own_request(refid)
    words = _("Good to hear. Your request is solved.")
    return _move(ticket, Event.RESOLVE, lambda: tickets.resolve(ticket, by=person()), words)


@bp.post("/support/tickets/<refid>/reopening")
@access("ticket.reopen")
def reopen(refid: str) -> BaseResponse:
    ticket = pages.own_request(refid)
    words = _("Your request is open again.")
    return _move(ticket, Event.REOPEN, lambda: tickets.reopen(ticket, by=person()), words)


def _move(ticket: Ticket, event: Event, act: Callable[[], bool], words: str) -> BaseResponse:
    form, typed = ActionForm(), ReplyForm()
    if not form.validate_on_submit():
        return pages.request_page(ticket, 422, form=typed)
    try:
        message = typed.said()
        with writing():
            states.target(lock(ticket), event)  # of the state the button was for, not of what the words lead to
            if message:  # what was typed beside the button is said first
                replies.hear_customer(ticket, author=person(), message=message)
            act()
            commit()
        typed = ReplyForm(formdata=None)
    except SupportError as error:
        typed.refuse(error)
        return pages.request_page(ticket, status_of(error), form=typed)
    return pages.request_page(ticket, form=typed) if by_htmx() else go(url_for(".show", refid=ticket.refid), words)
