"""Answers and notes."""

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.access import access
from helpdesk_web.blueprints.console import bp, pages
from helpdesk_web.blueprints.console.forms import ReplyForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import InvalidInput, Stale, SupportError
from helpdesk_web.login import person
from helpdesk_web.models import Reply, Ticket
from helpdesk_web.permissions import may
from helpdesk_web.queries import timeline
from helpdesk_web.services import replies, texts
from helpdesk_web.web import by_htmx, go, status_of


@bp.post("/tickets/<refid>/replies")
@access("ticket.note")
def create_reply(refid: str) -> BaseResponse:
    ticket, form = pages.visible_ticket(refid), ReplyForm()
    if not form.validate_on_submit():
        return pages.ticket_page(refid, 422, form=form)
    try:
        body, files = texts.body(form.message.data), form.files.stored()
        message = replies.Message(body, files, form.submission.data, seen=form.seen.data)
        with writing():
            reply = _say(ticket, form, message)
            commit()
    except Stale:
        return pages.ticket_page(refid, 409, form=form, conflict="unseen")
    except SupportError as error:
        form.refuse(error)
        return pages.ticket_page(refid, status_of(error), form=form)
    return _answer(ticket, reply)


def _say(ticket: Ticket, form: ReplyForm, message: replies.Message) -> Reply:
    say = replies.note if form.internal else replies.answer_customer
    return say(ticket, author=person(), message=message, then=form.then.data, take_for=agent_of(form.agent_id.data))


def _answer(ticket: Ticket, reply: Reply) -> BaseResponse:
    said = _("Note added.") if reply.is_internal else _("Your answer is on its way.")
    if not may(person(), "console") or timeline.ticket(person(), ticket.refid) is None:
        return go(url_for(".start"), said)  # it went to a team whose tickets this person does not see
    if by_htmx():
        return pages.ticket_page(ticket.refid, template="console/replies/create.htmx.html", notice=said)
    queue = pages.came_from()
    return go(url_for(".show_ticket", refid=ticket.refid, queue=queue.slug if queue else None), said)


def agent_of(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput(_("That person does not exist."), "agent_id")
    return int(text)
