"""Accept an invitation, and set up an empty desk."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web.blueprints.auth import bp
from helpdesk_web.blueprints.auth.entrance import browser, enter, leave_old_session, link_page
from helpdesk_web.blueprints.auth.forms import InvitationForm, SetupForm
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import InvalidInput
from helpdesk_web.extensions import limiter
from helpdesk_web.services import accounts, desk, invitations, passwords
from helpdesk_web.services.tokens import Purpose
from helpdesk_web.web import answer

BY_ADDRESS = "20 per minute"


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
@link_page(Purpose.INVITE)
def accept_invitation(token: str) -> Response:
    offer = invitations.look(token)
    form = InvitationForm(about=(offer.user.email,), name=offer.user.name)
    if not form.validate_on_submit():
        return answer(
            "auth/invitation.html",
            422 if form.is_submitted() else 200,
            token=token,
            email=offer.user.email,
            invited_by=offer.invited_by.name if offer.invited_by else None,
            form=form,
        )
    password_hash = passwords.hash_password(form.password.data)
    with writing():
        user = invitations.accept(token, name=form.name.data, password_hash=password_hash, zone=form.zone.data)
        secret = accounts.sign_in(user.id, seen_hash=password_hash, **browser())
        leave_old_session()
        commit()
    assert secret
    return enter(user, secret, message=_("Welcome. You can start right away."))


@bp.route("/setup/<token>", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
@link_page(Purpose.SETUP)
def set_up(token: str) -> Response:
    invitations.look_setup(token)
    now = desk.settings()
    form = SetupForm(desk_name=now.desk_name, time_zone=now.time_zone)
    if not form.validate_on_submit():
        return answer("auth/setup.html", 422 if form.is_submitted() else 200, token=token, form=form)
    password_hash = passwords.hash_password(form.password.data)
    about_desk = {"desk_name": form.desk_name.data, "time_zone": form.time_zone.data}
    try:
        with writing():
            user = invitations.set_up(
                token,
                form.email.data,
                name=form.name.data,
                password_hash=password_hash,
                about_desk=about_desk,
            )
            secret = accounts.sign_in(user.id, seen_hash=password_hash, **browser())
            leave_old_session()
            commit()
    except InvalidInput as error:
        form.refuse(error)
        return answer("auth/setup.html", 422, token=token, form=form)
    assert secret
    return enter(user, secret, message=_("Your desk is open."))
