"""Requests: the list, a new one, one with its conversation."""

from dataclasses import replace

from flask import Response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web import throttle
from helpdesk_web.access import access
from helpdesk_web.blueprints.portal import bp, pages
from helpdesk_web.blueprints.portal.forms import RequestForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import SupportError, SupportRateLimitError
from helpdesk_web.forms import previewed, wants_preview
from helpdesk_web.i18n import duration
from helpdesk_web.login import person
from helpdesk_web.queries import portal
from helpdesk_web.services import openings, rate_limiter, submissions
from helpdesk_web.web import answer, go, status_of

FILTERS = ("open", "solved", "all")


@bp.get("/support/tickets")
def index() -> Response:
    words = request.args.get("q", "").replace("\x00", "").strip()[:200]
    chosen = request.args.get("filter", "")
    chosen = chosen if chosen in FILTERS else "all" if words else "open"
    if words:
        throttle.hit(throttle.SEARCH_LIMIT)
    page = portal.requests(person(), filter_=chosen, words=words, cursor=request.args.get("at"))
    query = words or None
    return answer(
        "portal/tickets/index.html",
        rows=page.rows,
        filter=chosen,
        q=words,
        next_url=url_for(".index", filter=chosen, q=query, at=page.next_cursor) if page.next_cursor else None,
        prev_url=url_for(".index", filter=chosen, q=query, at=page.prev_cursor) if page.prev_cursor else None,
    )


@bp.get("/support/tickets/new")
def new() -> Response:
    form = RequestForm(request.args) if request.args else RequestForm()
    return pages.new_request(form)


@bp.post("/support/tickets")
@access("ticket.open")
def create() -> BaseResponse:
    form = RequestForm()
    if wants_preview() and not form.csrf_expired():  # an expired form comes back with its text below
        return pages.new_request(form, preview_html=previewed(form.description.data))
    if earlier := _earlier(form):
        return go(url_for(".show", refid=earlier))
    if not form.validate_on_submit():
        return pages.new_request(form, 422)
    try:
        asked = _asked(form)
        throttle.hit(throttle.CREATE_LIMIT)
        asked = _with_files(asked, form)
        with writing():
            ticket = openings.open_ticket(asked)
            commit()
    except throttle.RateLimitExceeded as error:
        return _too_many(form, throttle.retry_after(error))
    except SupportRateLimitError as error:
        return _too_many(form, error.retry_after)
    except SupportError as error:
        form.refuse(error)
        return pages.new_request(form, status_of(error))
    return go(url_for(".show", refid=ticket.refid), _("Thank you. We have your request."))


@bp.get("/support/tickets/<refid>")
def show(refid: str) -> Response:
    return pages.request_page(pages.own_request(refid))


def _asked(form: RequestForm) -> openings.Request:
    user = person()
    return openings.request(
        customer_id=user.id,
        author_id=user.id,
        category=form.category_id.data,
        subject=form.subject.data,
        description=form.description.data,
        priority=(form.priority.data or None) if form.priority else None,
        submission=form.submission.data,
    )


def _with_files(asked: openings.Request, form: RequestForm) -> openings.Request:
    """Store the files last, and not for one who must wait anyway: refused requests must not fill the disk."""
    if not form.files.uploads:
        return asked
    if wait := rate_limiter.seconds_until_next(person().id):
        raise SupportRateLimitError(wait)
    return replace(asked, files=form.files.stored())


def _earlier(form: RequestForm) -> str | None:
    """The ticket this very form made before: a second click leads there, whatever has happened since."""
    if not form.submission.data or form.csrf_expired():
        return None
    try:
        asked = openings.request(
            customer_id=person().id,
            author_id=person().id,
            category=form.category_id.data,
            subject=form.subject.data,
            description=form.description.data,
            priority=(form.priority.data or None) if form.priority else None,
        )
    except SupportError:
        return None
    return submissions.result(person(), form.submission.data, asked.fingerprint)


def _too_many(form: RequestForm, seconds: int) -> Response:
    form.form_errors.append(
        _("You can send the next request in %(wait)s. Your text stays here.", wait=duration(seconds))
    )
    response = pages.new_request(form, 429, retry_after=seconds)
    response.headers["Retry-After"] = str(seconds)
    return response
