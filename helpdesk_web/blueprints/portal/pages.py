"""The portal's pages as answers: what each template needs, in one place for every route that shows it."""

import math
from typing import Any

from flask import Response, abort
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from helpdesk_web import i18n
from helpdesk_web.blueprints.portal.forms import RatingForm, ReplyForm, RequestForm
from helpdesk_web.database import db
from helpdesk_web.login import person
from helpdesk_web.models import Rating, Ticket, TicketStatus
from helpdesk_web.queries import portal
from helpdesk_web.services import desk, states, tickets, visits
from helpdesk_web.services.states import Event
from helpdesk_web.web import answer, by_htmx


def own_request(refid: str) -> Ticket:
    """Load through what the customer may see; anything else is not found."""
    return portal.request(person(), refid) or abort(404)


def new_request(form: RequestForm, status: int = 200, **context: Any) -> Response:
    return answer(
        "portal/tickets/new.html",
        status,
        form=form,
        suggestions=[],
        desk_promise=promise(),
        **{"preview_html": None, **_limits(), **context},
    )


def request_page(
    ticket: Ticket,
    status: int = 200,
    *,
    form: ReplyForm | None = None,
    rating_form: RatingForm | None = None,
    **context: Any,
) -> Response:
    """Show the request; HTMX gets the same partial that painted the page first."""
    user = person()
    visit = visits.last(user, ticket)
    messages = portal.thread(ticket, user, visit.reply_id if visit else None)
    category, helper = portal.names(ticket)
    rating = db.session.scalar(select(Rating).where(Rating.ticket_id == ticket.id))
    form = form or ReplyForm(formdata=None)
    form.seen.data = messages[-1].id if messages else 0
    response = answer(
        "portal/tickets/_request.html" if by_htmx() else "portal/tickets/show.html",
        status,
        ticket=_shown(ticket, category),
        stations=_stations(ticket, helper),
        messages=messages,
        form=form,
        rating=rating,
        rating_form=None if ticket.is_open() else rating_form or _rating_form(rating),
        auto_close_days=desk.settings().auto_close_days,
        desk_promise=promise(),
        **{"preview_html": None, "conflict": False, **_limits(), **context},
    )
    if messages:
        visits.note_after(response, user, ticket, messages[-1].id, visit)
    return response


def promise() -> str | None:
    """What happens next, said before sending."""
    wanted = desk.settings()
    hours = math.ceil(wanted.priorities.of(wanted.default_priority).first_response_hours)
    if hours > 48:
        days = math.ceil(hours / 24)
        return ngettext("Usually answered within %(num)s day.", "Usually answered within %(num)s days.", days)
    return ngettext("Usually answered within %(num)s hour.", "Usually answered within %(num)s hours.", hours)


def _limits() -> dict[str, Any]:
    limits = desk.settings().vault
    return {"max_file_mb": f"{limits.max_file_mb:g}", "max_files": limits.max_files}


def _shown(ticket: Ticket, category: str) -> dict[str, Any]:
    user = person()
    reopens = ticket.is_closed() and tickets.reopens_on_reply(ticket)
    return {
        "refid": ticket.refid,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "created_at": ticket.created_at,
        "category_name": category,
        "can_reply": True,
        "can_solve": states.allows(ticket, Event.RESOLVE) and ticket.is_open(),
        "can_reopen": ticket.is_resolved() or reopens,
        "follow_up_of": portal.followed(ticket, user),
        "follow_ups": portal.follow_ups(ticket, user),
    }


def _stations(ticket: Ticket, helper: str | None) -> list[dict[str, Any]]:
    """Received, We're on it, Waiting for you (only while true), Solved."""
    status, done = ticket.status, not ticket.is_open()
    taken = ticket.assignee_id is not None or ticket.first_response_at is not None
    received = "now" if status is TicketStatus.OPEN and not taken else "past"
    working = "now" if status in (TicketStatus.IN_PROGRESS, TicketStatus.OPEN) and taken else "todo"
    way = [
        {"name": _("Received"), "state": received, "detail": i18n.moment_long(ticket.created_at)},
        {
            "name": _("We’re on it"),
            "state": "past" if done or status is TicketStatus.PENDING else working,
            "detail": _("with %(name)s", name=helper) if helper else "",
        },
    ]
    if status is TicketStatus.PENDING and ticket.paused_at:
        since = _("since %(time)s", time=i18n.moment_long(ticket.paused_at))
        way.append({"name": _("Waiting for you"), "state": "attention", "detail": since})
    ended = ticket.resolved_at or ticket.closed_at
    solved = _("Closed") if ticket.is_closed() and ticket.resolved_at is None else _("Solved")
    detail = i18n.moment_long(ended) if done and ended else ""
    way.append({"name": solved, "state": "now" if done else "todo", "detail": detail})
    return way


def _rating_form(rating: Rating | None) -> RatingForm:
    if rating is None:
        return RatingForm(formdata=None)
    return RatingForm(formdata=None, score=str(rating.score), comment=rating.comment)
