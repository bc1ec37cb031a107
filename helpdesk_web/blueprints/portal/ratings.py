"""How the help was, once it is given."""

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.portal import bp, pages
from helpdesk_web.blueprints.portal.forms import RatingForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import SupportError
from helpdesk_web.login import person
from helpdesk_web.services import ratings
from helpdesk_web.web import by_htmx, go, status_of


@bp.post("/support/tickets/<refid>/rating")
@access("ticket.rate")
def rate(refid: str) -> BaseResponse:
    ticket, form = pages.own_request(refid), RatingForm()
    if not form.validate_on_submit():
        return pages.request_page(ticket, 422, rating_form=form)
    try:
        with writing():
            ratings.rate(ticket, by=person(), score=int(form.score.data), comment=form.comment.data or "")
            commit()
    except SupportError as error:
        form.refuse(error)
        return pages.request_page(ticket, status_of(error), rating_form=form)
    return (
        pages.request_page(ticket) if by_htmx() else go(url_for(".show", refid=refid), _("Thank you for telling us."))
    )
