"""How every change of one property goes: load, check the form and what it showed, one service call, answer."""

from collections.abc import Callable
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.blueprints.console import pages
from helpdesk_web.blueprints.console.forms import ChangeForm
from helpdesk_web.database import commit, lock, writing
from helpdesk_web.errors import Stale, SupportError
from helpdesk_web.login import person
from helpdesk_web.models import Ticket
from helpdesk_web.queries import timeline
from helpdesk_web.web import by_htmx, go, status_of


def change(
    refid: str,
    form: ChangeForm,
    act: Callable[[Ticket], Any],
    *,
    now: Callable[[Ticket], str],
    wanted: str | None,
    said: str,
) -> BaseResponse:
    """Do one thing to a ticket; 409 when the property is neither what the form showed nor what is wanted."""
    ticket = pages.visible_ticket(refid)
    if not form.validate_on_submit():
        return pages.ticket_page(refid, 422, notice=_("The page was open for a long time. Please try again."))
    try:
        with writing():
            if form.was.data is not None and now(lock(ticket)) not in (form.was.data, wanted):
                raise Stale
            act(ticket)
            commit()
    except SupportError as error:
        return pages.ticket_page(refid, status_of(error), notice=error.message)
    if timeline.ticket(person(), refid) is None:
        return go(url_for("console.start"), said)
    if by_htmx():
        return pages.ticket_page(refid, template="console/tickets/change.htmx.html", notice=said)
    queue = pages.came_from()
    return go(url_for("console.show_ticket", refid=refid, queue=queue.slug if queue else None), said)
