"""The profile page."""

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from helpdesk_web import login
from helpdesk_web.blueprints.profile import bp
from helpdesk_web.blueprints.profile.forms import Confirm, PasswordForm, ProfileForm
from helpdesk_web.database import commit, writing
from helpdesk_web.login import person
from helpdesk_web.models import LoginSession
from helpdesk_web.services import accounts, registration, sessions
from helpdesk_web.services.devices import device_of
from helpdesk_web.web import answer, failed, go


@bp.get("")
def show() -> Response:
    return page()


@bp.post("")
def change() -> Response:
    form = ProfileForm()
    if not form.validate_on_submit():
        return page(form=form, status=422)
    user = person()
    with writing():
        accounts.change_profile(
            user,
            name=form.name.data,
            zone=form.zone.data or None,
            language=form.language.data or None,
            theme=form.theme.data,
        )
        commit()
    return go("/profile", _("Saved."))


@bp.post("/verification")
def verification() -> Response:
    """Mail the link that confirms the address once more."""
    if not Confirm().validate_on_submit():
        return failed(400)
    user = person()
    with writing():
        registration.send_again(user)
        commit()
    return go("/profile", _("Look into your mail for the link."))


def page(*, form: ProfileForm | None = None, password_form: FlaskForm | None = None, status: int = 200) -> Response:
    user = person()
    return answer(
        "profile/show.html",
        status,
        form=form or ProfileForm(formdata=None, obj=user),
        password_form=password_form or PasswordForm(user),
        sessions=sorted(map(_line, sessions.living(user)), key=lambda line: not line["is_current"]),
        has_password=user.password_hash is not None,
    )


def _line(row: LoginSession) -> dict[str, object]:
    return {
        "id": row.id,
        "device": device_of(row.user_agent),
        "address": row.address,
        "last_seen_at": row.last_seen_at,
        "is_current": row.id == login.session_id(),
    }
