"""Who may open which address: each blueprint has a rule, a view may have a stricter or looser one of its own.

A view without any rule is refused, so that a new page is closed until somebody decides.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request
from flask_login import current_user
from werkzeug.wrappers import Response

from helpdesk_web.permissions import may
from helpdesk_web.web import not_signed_in

PUBLIC = "anyone"
SIGNED_IN = "signed in"
READING = {"GET", "HEAD", "OPTIONS"}

# blueprint: the verb of permissions.TABLE that its pages need
RULES: dict[str, str] = {
    "static": PUBLIC,
    "health": PUBLIC,
    "auth": PUBLIC,
    "profile": SIGNED_IN,
    "portal": SIGNED_IN,
    "files": SIGNED_IN,
    "console": "console",
    "outbox": "outbox.see",
    "analytics": "analytics",
    "admin": "desk.configure",
}

View = TypeVar("View", bound=Callable[..., Any])


def access(rule: str) -> Callable[[View], View]:
    """Give a view a rule of its own: `PUBLIC`, `SIGNED_IN`, or a verb of the permission table."""

    def mark(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return mark


def rule_of(app: Flask, endpoint: str) -> str | None:
    """Return the rule that guards an endpoint, None when nobody decided."""
    own: str | None = getattr(app.view_functions.get(endpoint), "access", None)
    return own or RULES.get(endpoint.partition(".")[0])


def bind(app: Flask) -> None:
    app.before_request(_guard)


def _guard() -> Response | None:
    if request.endpoint is None:
        return None
    if any("\x00" in str(value) for value in (request.view_args or {}).values()):
        abort(404)  # nothing is called so, and PostgreSQL cannot even be asked
    if request.method not in READING and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)  # whatever token it brings: no other site has a form that leads here
    rule = rule_of(current_app._get_current_object(), request.endpoint)  # type: ignore[attr-defined]
    if rule == PUBLIC:
        return None
    if not current_user.is_authenticated:
        return not_signed_in()
    if rule is None or (rule != SIGNED_IN and not may(current_user, rule)):
        abort(403)
    return None
