"""Sign other browsers out."""

from flask import abort
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web import login
from helpdesk_web.blueprints.profile import bp
from helpdesk_web.blueprints.profile.forms import Confirm
from helpdesk_web.database import commit, writing
from helpdesk_web.login import person
from helpdesk_web.services import accounts
from helpdesk_web.web import failed, go


@bp.post("/sessions/<int(max=2147483647):session_id>/revocation")
def revoke(session_id: int) -> Response:
    if not Confirm().validate_on_submit():
        return failed(400)
    user_id = person().id
    with writing():
        ended = accounts.sign_out(user_id, session_id)
        commit()
    if not ended:
        abort(404)
    if session_id == login.session_id():
        login.signed_out()
        return go("/login")
    return go("/profile", _("That browser is signed out."))


@bp.post("/sessions/revocation")
def revoke_others() -> Response:
    if not Confirm().validate_on_submit():
        return failed(400)
    user, kept = person(), login.session_id()
    with writing():
        accounts.sign_out_everywhere(user, by=user, but=kept)
        commit()
    return go("/profile", _("Everywhere else you are signed out."))
