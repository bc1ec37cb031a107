"""Sign in, by password or by a mailed link, and out."""

import hashlib

from flask import current_app, request
from flask_login import current_user
from werkzeug.wrappers import Response

from helpdesk_web import throttle
from helpdesk_web.blueprints.auth import bp
from helpdesk_web.blueprints.auth.entrance import (
    browser,
    enter,
    home_of,
    leave_old_session,
    link_page,
    local_path,
)
from helpdesk_web.blueprints.auth.forms import AddressForm, Confirm, SignInForm
from helpdesk_web.database import commit, writing
from helpdesk_web.extensions import limiter
from helpdesk_web.login import person, session_id, signed_out
from helpdesk_web.models import User
from helpdesk_web.models.types import comparable
from helpdesk_web.services import accounts, desk, passwords, recovery, registration
from helpdesk_web.services.tokens import Purpose
from helpdesk_web.web import answer, failed, go

BY_ADDRESS = "10 per minute"
BY_ACCOUNT = "10 per 15 minutes"  # guesses at one account, from wherever; a mailed link still opens it
LINKS_BY_ADDRESS = "10 per hour"


@bp.route("/login", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
def login() -> Response:
    form = SignInForm(next=request.args.get("next"))
    if request.method == "GET" and current_user.is_authenticated:
        return go(local_path(form.next.data) or home_of(person()))
    if not form.validate_on_submit():
        return _page(form, 422 if form.is_submitted() else 200)
    user = _known(form)
    secret = _begin(user, form.password.data) if user else None
    if user is None or secret is None:
        form.do_not_match()
        return _page(form, 422)
    return enter(user, secret, form.next.data)


@bp.post("/logout")
def logout() -> Response:
    if not Confirm().validate_on_submit():
        return failed(400)
    if current_user.is_authenticated:
        user_id, ending = person().id, session_id()
        with writing():
            accounts.sign_out(user_id, ending)
            commit()
    signed_out()
    return go("/")


@bp.post("/login/link")
@limiter.limit(LINKS_BY_ADDRESS)
def mail_link() -> Response:
    form = AddressForm()
    if not form.validate_on_submit():
        again = SignInForm()
        again.email.errors = form.email.errors
        return _page(again, 422)
    with writing():
        recovery.request_signin(form.email.data)
        commit()
    return answer("auth/reset_sent.html", email=form.email.data)


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@limiter.limit(BY_ADDRESS, methods=["POST"])
@link_page(Purpose.SIGNIN)
def by_link(token: str) -> Response:
    email, form = recovery.look_signin(token).email, Confirm()
    if not form.validate_on_submit():
        return answer("auth/signin_link.html", 422 if form.is_submitted() else 200, token=token, email=email)
    with writing():
        user, secret = recovery.sign_in_by_link(token, **browser())
        leave_old_session()
        commit()
    return enter(user, secret)


def _known(form: SignInForm) -> User | None:
    """Return whose password this is; an unknown address costs the same hash as a known one."""
    account = comparable(form.email.data)
    throttle.hit(BY_ACCOUNT, "sign-in", hashlib.sha256(account.encode("utf-8", "replace")).hexdigest())
    user = accounts.find(form.email.data)
    if passwords.matches(user.password_hash if user else None, form.password.data) and user and user.active:
        return user
    current_app.logger.info("sign-in refused for %s", f"account {user.id}" if user else "an unknown address")
    return None


def _begin(user: User, password: str) -> str | None:
    user_id, seen = user.id, user.password_hash
    rehashed = passwords.hash_password(password) if seen and passwords.is_outdated(seen) else None
    with writing():
        if secret := accounts.sign_in(user_id, seen_hash=seen, rehashed=rehashed, **browser()):
            leave_old_session()
            commit()
    return secret


def _page(form: SignInForm, status: int) -> Response:
    return answer(
        "auth/login.html",
        status,
        form=form,
        may_register=registration.is_open(),
        link_by_mail=bool(desk.boot().smtp_url),
    )
