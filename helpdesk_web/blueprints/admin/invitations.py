"""Ask somebody to answer here; without a mail server the link is shown to be passed on."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web.access import access
from helpdesk_web.blueprints.admin import bp
from helpdesk_web.blueprints.admin.forms import Confirm, InvitationForm
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.login import person
from helpdesk_web.models import Role, User
from helpdesk_web.services import desk, invitations
from helpdesk_web.web import answer, failed, go


@bp.get("/people/invitations/new")
@access("people.manage")
def new_invitation() -> Response:
    return _page(InvitationForm())


@bp.post("/people/invitations")
@access("people.manage")
def invite() -> Response:
    form = InvitationForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    me = person()
    try:
        with writing():
            link = invitations.invite(form.email.data, Role(form.role.data), by=me, name=form.name.data or "")
            commit()
    except (InvalidInput, NotAllowed) as error:
        form.refuse(error)
        return _page(form, 422)
    if desk.boot().smtp_url:
        return go("/admin/people", _("The invitation to %(email)s is on its way.", email=form.email.data))
    return answer("admin/people/invited.html", email=form.email.data, link=link)


@bp.post("/people/<int(max=2147483647):user_id>/invitation/withdrawal")
@access("people.manage")
def withdraw_invitation(user_id: int) -> Response:
    user = db.session.get(User, user_id)
    if user is None or not Confirm().validate_on_submit():
        return failed(404 if user is None else 400)
    me = person()
    with writing():
        invitations.withdraw(user, by=me)
        commit()
    return go("/admin/people", _("The invitation is withdrawn."))


def _page(form: InvitationForm, status: int = 200) -> Response:
    return answer("admin/people/invite.html", status, form=form, by_mail=bool(desk.boot().smtp_url))
