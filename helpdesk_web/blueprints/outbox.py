"""The outbox: what the desk mails, for staff by the tickets they see, for admins with texts and retry."""

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import SupportError
from helpdesk_web.forms import Form
from helpdesk_web.login import person
from helpdesk_web.mail import compose
from helpdesk_web.mail.letter import Unwanted
from helpdesk_web.models import Job
from helpdesk_web.queries import outbox as lists
from helpdesk_web.services import desk, outbox
from helpdesk_web.web import answer, go, status_of

bp = Blueprint("outbox", __name__)


@bp.app_context_processor
def for_the_banner() -> dict[str, Any]:
    """Admins are told on every page of theirs that mail is kept; counted once a page."""
    return {"kept_mails": lru_cache(lists.kept_count)}


@bp.get("/console/outbox")
def index() -> Response:
    return _list("/console/outbox")


@bp.get("/admin/outbox")
@access("desk.configure")
def admin_index() -> Response:
    return _list("/admin/outbox")


@bp.get("/admin/outbox/<int:number>")
@access("desk.configure")
def show(number: int) -> Response:
    return _page(_found(number))


@bp.post("/admin/outbox/<int:number>/retry")
@access("jobs.retry")
def retry(number: int) -> BaseResponse:
    job, form = _found(number), Form()
    if not form.validate_on_submit():
        return _page(job, 422, _("The page was open for a long time. Please try again."))
    try:
        with writing():
            outbox.retry(job, person())
            commit()
    except SupportError as error:
        return _page(job, status_of(error), error.message)
    return go(url_for(".show", number=number), _("It is tried again now."))


def _list(address: str) -> Response:
    state = request.args.get("state", "")
    state = state if state in lists.STATES else ""
    page = lists.mails(person(), state=state or None, cursor=request.args.get("cursor"))
    return answer(
        "outbox/list.html",
        address=address,
        state=state,
        states=lists.STATES,
        counts=lists.counts(person()),
        cap=lists.COUNT_UP_TO,
        rows=page.rows,
        prev_cursor=page.prev_cursor,
        next_cursor=page.next_cursor,
        has_smtp=bool(desk.boot().smtp_url),
    )


def _page(job: Job, status: int = 200, problem: str = "") -> Response:
    letter = None
    if lists.may_read_body(person(), job):
        try:
            letter = compose.letter(job)
        except Unwanted as error:
            problem = problem or str(error)
    return answer(
        "outbox/show.html",
        status,
        row=lists.line(person(), job.id),
        letter=letter,
        may_read=lists.may_read_body(person(), job),
        problem=problem,
        has_smtp=bool(desk.boot().smtp_url),
    )


def _found(number: int) -> Job:
    return (lists.find(person(), number) if number < 2**31 else None) or abort(404)
