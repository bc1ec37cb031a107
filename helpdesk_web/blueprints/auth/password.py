"""Forgotten passwords: ask for a link, then choose a new one."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web.blueprints.auth import bp
from helpdesk_web.blueprints.auth.entrance import link_page
from helpdesk_web.blueprints.auth.forms import AddressForm, ChoosePassword
from helpdesk_web.database import commit, writing
from helpdesk_web.extensions import limiter
from helpdesk_web.services import passwords, recovery
from helpdesk_web.services.tokens import Purpose
from helpdesk_web.web import answer, go

BY_ADDRESS = "10 per hour"


@bp.route("/password/reset", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
def request_reset() -> Response:
    form = AddressForm()
    if not form.validate_on_submit():
        return answer("auth/reset_request.html", 422 if form.is_submitted() else 200, form=form)
    with writing():
        recovery.request_reset(form.email.data)
        commit()
    return answer("auth/reset_sent.html", email=form.email.data)


@bp.route("/password/reset/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@link_page(Purpose.RESET)
def reset(token: str) -> Response:
    user = recovery.look(token)
    form = ChoosePassword(about=(user.name, user.email))
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return answer("auth/reset.html", status, token=token, email=user.email, form=form)
    password_hash = passwords.hash_password(form.password.data)
    with writing():
        recovery.reset_password(token, password_hash)
        commit()
    return go("/login", _("Your new password is stored. Sign in with it."))
