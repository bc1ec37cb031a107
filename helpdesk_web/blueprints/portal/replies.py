"""The customer's word on a request."""

from dataclasses import replace

from flask import Response, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.portal import bp, pages
from helpdesk_web.blueprints.portal.forms import ReplyForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import Stale, SupportError, SupportRateLimitError
from helpdesk_web.forms import previewed, wants_preview
from helpdesk_web.i18n import duration
from helpdesk_web.login import person
from helpdesk_web.models import Ticket
from helpdesk_web.services import rate_limiter, replies, texts
from helpdesk_web.web import by_htmx, go, status_of


@bp.post("/support/tickets/<refid>/replies")
@access("ticket.reply")
def create_reply(refid: str) -> BaseResponse:
    ticket, form = pages.own_request(refid), ReplyForm()
    if wants_preview() and not form.csrf_expired():  # an expired form comes back with its text below
        form.validate_on_submit()
        return pages.request_page(ticket, form=form, preview_html=previewed(form.message.data))
    if not form.validate_on_submit():
        return pages.request_page(ticket, 422, form=form)
    try:
        body = texts.body(form.message.data)
        message = replies.Message(body, submission=form.submission.data, seen=form.seen.data)
        earlier = replies.said_before(ticket, author=person(), message=message)
        if earlier is None:
            _pace(ticket)
            message = replace(message, files=form.files.stored())  # last: refused ones must not fill the disk
        with writing():
            outcome = replies.hear_customer(ticket, author=person(), message=message)
            commit()
    except Stale:
        return pages.request_page(ticket, 409, form=form, conflict=True)
    except SupportRateLimitError as error:
        return _too_many(ticket, form, error)
    except SupportError as error:
        form.refuse(error)
        return pages.request_page(ticket, status_of(error), form=form)
    address = url_for(".show", refid=outcome.ticket.refid)
    if outcome.ticket.id != ticket.id:
        return go(address, _("Your earlier request was closed some time ago, so a new one begins here."))
    return pages.request_page(ticket) if by_htmx() else go(address, _("Your answer is on its way to us."))


def _pace(ticket: Ticket) -> None:
    """People do not write four times a minute; machines do."""
    if wait := rate_limiter.seconds_until_reply(person().id, ticket.id):
        raise SupportRateLimitError(wait)


def _too_many(ticket: Ticket, form: ReplyForm, error: SupportRateLimitError) -> Response:
    wait = duration(error.retry_after) if error.retry_after >= 60 else _("%(n)s seconds", n=error.retry_after)
    form.form_errors.append(_("You can write again in %(wait)s. Your text stays here.", wait=wait))
    response = pages.request_page(ticket, 429, form=form)
    response.headers["Retry-After"] = str(error.retry_after)
    return response
