"""Help while writing: how the text will look, and own solved requests that may already answer it."""

from flask import Response, request

from helpdesk_web import throttle
from helpdesk_web.access import access
from helpdesk_web.blueprints.portal import bp
from helpdesk_web.blueprints.portal.forms import ActionForm
from helpdesk_web.forms import previewed
from helpdesk_web.login import person
from helpdesk_web.queries import portal
from helpdesk_web.web import answer


@bp.post("/support/preview")
@access("ticket.open")
def preview() -> Response:
    """Render, store nothing."""
    form = ActionForm()
    if not form.validate_on_submit():
        return answer("portal/_preview.html", 422, preview_html=None)
    text = request.form.get("message") or request.form.get("description") or ""
    return answer("portal/_preview.html", preview_html=previewed(text))


@bp.get("/support/suggestions")
@access("ticket.open")
def suggestions() -> Response:
    throttle.hit(throttle.SEARCH_LIMIT)
    subject = request.args.get("subject", "").replace("\x00", "")[:200]
    return answer("portal/tickets/_suggestions.html", suggestions=portal.suggestions(person(), subject))
