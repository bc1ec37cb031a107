"""Who is asking: the session cookie, read by one statement a request.

The cookie holds a secret that the server knows only by its hash; see `services.sessions`.
"""

from typing import Any

from flask import Flask, Request, Response, current_app, g, session
from flask_login import AnonymousUserMixin, current_user

from helpdesk_web import clock
from helpdesk_web.config import Settings
from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import Busy, StorageFull
from helpdesk_web.extensions import login_manager
from helpdesk_web.models import User
from helpdesk_web.services import sessions


class Visitor(AnonymousUserMixin):
    """Someone who is not signed in."""

    id = None
    role = None
    name = ""
    email = ""
    zone: str | None = None
    language: str | None = None
    theme = "system"
    organization_id = None
    is_staff = is_supervisor = is_admin = is_verified = False


def bind(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.anonymous_user = Visitor
    login_manager.session_protection = None  # nothing of the sign-in is in Flask's own cookie
    login_manager.request_loader(_load)
    app.before_request(_ask_anew)
    app.after_request(_write_cookie)
    app.after_request(_mark_seen_later)


def cookie_name(settings: Settings) -> str:
    return "__Host-helpdesk_session" if settings.over_tls else "helpdesk_session"


def person() -> User:
    """The signed-in person's row, for services; never the proxy."""
    user = current_user._get_current_object()
    assert isinstance(user, User)
    return user


def session_id() -> int:
    """The id of the session this request came with."""
    return int(g.login_session.session_id)


def came_lately(minutes: int) -> bool:
    """Whether the person signed in within the last minutes, for changes that ask for more than a session."""
    return bool((clock.now() - g.login_session.created_at).total_seconds() <= minutes * 60)


def signed_in(secret: str, user: User) -> None:
    """Give this browser its session, and forget what it had as somebody else."""
    session.clear()
    g.pop("csrf_token", None)
    g.new_cookie = (secret, int(sessions.longest(user.role).total_seconds()))


def signed_out() -> None:
    session.clear()
    g.new_cookie = None


def ask_nobody() -> None:
    """Take the reader for a visitor: the database may not be there to ask who it is."""
    g._login_user = Visitor()
    g.login_session = None


def _ask_anew() -> None:
    """A context that lives longer than one request must not remember who asked before."""
    for name in ("_login_user", "login_session", "new_cookie"):
        g.pop(name, None)


def _load(asked: Request) -> User | None:
    secret = asked.cookies.get(cookie_name(current_app.config["HELPDESK"]), "")
    found = sessions.find(secret) if secret else None
    g.login_session = found
    return found.user if found else None


def _write_cookie(response: Response) -> Response:
    if "new_cookie" not in g:
        return response
    settings: Settings = current_app.config["HELPDESK"]
    rules: dict[str, Any] = {"secure": settings.over_tls, "httponly": True, "samesite": "Lax", "path": "/"}
    if g.new_cookie is None:
        response.delete_cookie(cookie_name(settings), **rules)
    else:
        secret, seconds = g.new_cookie
        response.set_cookie(cookie_name(settings), secret, max_age=seconds, **rules)
    return response


def _mark_seen_later(response: Response) -> Response:
    """Note that the session is in use, once the answer has left and at most every five minutes."""
    found: sessions.Found | None = g.get("login_session")
    if found and found.may_be_marked and "new_cookie" not in g:
        app, marked = current_app._get_current_object(), found.session_id  # type: ignore[attr-defined]
        response.call_on_close(lambda: _mark_seen(app, marked))
    return response


def _mark_seen(app: Flask, marked: int) -> None:
    with app.app_context():
        try:
            with writing():
                sessions.mark_seen(marked)
                commit()
        except (Busy, StorageFull):  # the next request tries again
            db.session.rollback()
