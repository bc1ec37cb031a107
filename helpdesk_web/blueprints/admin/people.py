"""Who may do what: the list of people, and what an admin changes about one of them."""

from collections.abc import Callable

from flask import abort, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk_web.access import access
from helpdesk_web.blueprints.admin import bp
from helpdesk_web.blueprints.admin.forms import ROLE_NAMES, Confirm, RoleForm
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import NotAllowed
from helpdesk_web.login import person
from helpdesk_web.models import Role, User
from helpdesk_web.queries import people
from helpdesk_web.services import accounts, invitations, sessions
from helpdesk_web.services.devices import device_of
from helpdesk_web.services.history import names_of, sentence
from helpdesk_web.web import answer, failed, go

ID = "<int(max=2147483647):user_id>"


@bp.get("/people")
@access("people.manage")
def list_people() -> Response:
    group = request.args.get("group", "staff")
    if group not in people.GROUPS:
        abort(404)
    words = request.args.get("q", "").strip()[:200]
    return answer(
        "admin/people/list.html",
        group=group,
        words=words,
        counts=people.counts(),
        cap=people.COUNT_CAP,
        people=people.page(group, words, request.args.get("cursor")),
        pending=invitations.pending() if group == "staff" and not words else [],
        role_names=ROLE_NAMES,
        me=person().id,
    )


@bp.get(f"/people/{ID}")
@access("people.manage")
def show_person(user_id: int) -> Response:
    return _page(_someone(user_id))


@bp.post(f"/people/{ID}/role")
@access("people.manage")
def change_role(user_id: int) -> Response:
    user, form = _someone(user_id), RoleForm()
    if not form.validate_on_submit():
        return _page(user, form, 422)
    me, role = person(), Role(form.role.data)
    try:
        with writing():
            accounts.change_role(user, role, by=me)
            commit()
    except NotAllowed as error:
        form.refuse(error)
        return _page(_someone(user_id), form, 422)
    if user_id == me.id:
        return go("/login", _("Your role is changed. Please sign in again."))
    return _back(user_id, _("%(name)s has another role now, and signs in anew.", name=user.name))


@bp.post(f"/people/{ID}/deactivation")
@access("people.manage")
def deactivate(user_id: int) -> Response:
    return _act(user_id, accounts.deactivate, _("This account is shut."))


@bp.post(f"/people/{ID}/reactivation")
@access("people.manage")
def reactivate(user_id: int) -> Response:
    return _act(user_id, accounts.reactivate, _("This account is open again."))


@bp.post(f"/people/{ID}/confirmation")
@access("people.manage")
def confirm_address(user_id: int) -> Response:
    return _act(user_id, accounts.confirm_address, _("The address counts as confirmed."))


@bp.post(f"/people/{ID}/sessions/revocation")
@access("people.manage")
def sign_out_everywhere(user_id: int) -> Response:
    return _act(user_id, accounts.sign_out_everywhere, _("Signed out everywhere."))


def _someone(user_id: int) -> User:
    return db.session.get(User, user_id) or abort(404)


def _act(user_id: int, verb: Callable[..., object], message: str) -> Response:
    user = _someone(user_id)
    if not Confirm().validate_on_submit():
        return failed(400)
    me = person()
    try:
        with writing():
            verb(user, by=me)
            commit()
    except NotAllowed as error:
        form = RoleForm(formdata=None, role=_someone(user_id).role.value)
        form.refuse(error)
        return _page(_someone(user_id), form, 422)
    return _back(user_id, message)


def _back(user_id: int, message: str) -> Response:
    return go(f"/admin/people/{user_id}", message)


def _page(user: User, form: RoleForm | None = None, status: int = 200) -> Response:
    events = people.history(user)
    names = names_of(events)
    return answer(
        "admin/people/show.html",
        status,
        user=user,
        form=form or RoleForm(formdata=None, role=user.role.value),
        sessions=[(device_of(row.user_agent), row.last_seen_at) for row in sessions.living(user)],
        events=[(event.at, sentence(event, names)) for event in events],
        role_name=ROLE_NAMES[user.role],
        is_me=user.id == person().id,
    )
