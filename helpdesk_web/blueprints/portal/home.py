"""The portal's start."""

from flask import Response
from flask_login import current_user

from helpdesk_web.access import PUBLIC, access
from helpdesk_web.blueprints.portal import bp, pages
from helpdesk_web.login import person
from helpdesk_web.queries import portal
from helpdesk_web.services import registration
from helpdesk_web.web import answer

SHOWN = 5


@bp.get("/")
@access(PUBLIC)
def home() -> Response:
    rows, total = [], 0
    if current_user.is_authenticated:
        rows = portal.requests(person(), filter_="open", size=SHOWN).rows
        total = portal.count(person())
    return answer(
        "portal/home.html",
        rows=rows,
        total=total,
        desk_promise=pages.promise(),
        may_register=registration.is_open(),
    )
