"""Change one's password."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web import login, throttle
from helpdesk_web.blueprints.profile import bp
from helpdesk_web.blueprints.profile.forms import PasswordForm
from helpdesk_web.blueprints.profile.show import page
from helpdesk_web.database import commit, writing
from helpdesk_web.login import person
from helpdesk_web.models import User
from helpdesk_web.services import passwords, recovery
from helpdesk_web.web import go

GUESSES = "10 per 15 minutes"
LATELY_MINUTES = 30  # who has no password yet may set one this long after signing in by a link


@bp.post("/password")
def change_password() -> Response:
    user = person()
    form = PasswordForm(user)
    if not form.validate_on_submit() or not _proves_itself(user, form):
        return page(password_form=form, status=422)
    seen, session_id = user.password_hash, login.session_id()
    password_hash = passwords.hash_password(form.password.data)
    with writing():
        secret = recovery.change_password(user, password_hash, seen_hash=seen, session_id=session_id)
        commit()
    if secret is None:
        form.current.errors = [_("Your password was changed elsewhere meanwhile.")]
        return page(password_form=form, status=422)
    login.signed_in(secret, user)
    return go("/profile", _("Your password is changed. Everywhere else you are signed out."))


def _proves_itself(user: User, form: PasswordForm) -> bool:
    """A stolen session alone must not be enough to take the account over."""
    if user.password_hash is None:
        lately = login.came_lately(LATELY_MINUTES)
        if not lately:
            form.form_errors.append(_("Please sign in again by a mailed link first."))
        return lately
    throttle.hit(GUESSES, "password", str(user.id))
    right = passwords.matches(user.password_hash, form.current.data or "")
    if not right:
        form.current.errors = [_("That is not your current password.")]
    return right
