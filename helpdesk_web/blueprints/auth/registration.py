"""Make an account, and prove that the address is one's own."""

from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from helpdesk_web.blueprints.auth import bp
from helpdesk_web.blueprints.auth.entrance import (
    browser,
    enter,
    even_time,
    home_of,
    leave_old_session,
    link_page,
)
from helpdesk_web.blueprints.auth.forms import ChoosePassword, Confirm, RegistrationForm
from helpdesk_web.database import commit, writing
from helpdesk_web.extensions import limiter
from helpdesk_web.login import person
from helpdesk_web.models import User
from helpdesk_web.services import accounts, passwords, registration
from helpdesk_web.services.tokens import Purpose
from helpdesk_web.web import answer, failed, go

BY_ADDRESS = "10 per hour"


@bp.route("/register", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
def register() -> Response:
    if not registration.is_open():
        return failed(403, _("Accounts are made by invitation here."))
    form = RegistrationForm()
    if not form.validate_on_submit():
        return answer("auth/register.html", 422 if form.is_submitted() else 200, form=form)
    with even_time():
        password_hash = passwords.hash_password(form.password.data)
        with writing():
            registration.register(
                form.email.data, name=form.name.data, password_hash=password_hash, zone=form.zone.data
            )
            commit()
    return answer("auth/register_done.html", email=form.email.data)


@bp.route("/verify/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@link_page(Purpose.VERIFY)
def verify(token: str) -> Response:
    user = registration.look(token)
    if current_user.is_authenticated and current_user.id == user.id:
        return _confirm(token, user)
    form = ChoosePassword(about=(user.name, user.email))
    if not form.validate_on_submit():
        return _page(token, user, form)
    password_hash = passwords.hash_password(form.password.data)
    with writing():
        user = registration.verify(token, viewer_id=None, password_hash=password_hash)
        secret = accounts.sign_in(user.id, seen_hash=password_hash, **browser())
        leave_old_session()
        commit()
    assert secret
    return enter(user, secret, message=_("Thank you, your address is confirmed."))


def _confirm(token: str, user: User) -> Response:
    form, user_id = Confirm(), person().id
    if not form.validate_on_submit():
        return _page(token, user, form)
    with writing():
        user = registration.verify(token, viewer_id=user_id, password_hash=None)
        commit()
    return go(home_of(user), _("Thank you, your address is confirmed."))


def _page(token: str, user: User, form: Confirm | ChoosePassword) -> Response:
    status = 422 if form.is_submitted() else 200
    return answer("auth/verify.html", status, token=token, email=user.email, form=form)
