"""How answers leave: page or partial, toasts, error pages, and the headers every answer carries."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web import throttle
from helpdesk_web.database import Sealed, db
from helpdesk_web.errors import (
    Busy,
    InvalidInput,
    NotAllowed,
    QuotaExceeded,
    Stale,
    StorageFull,
    SupportError,
    SupportRateLimitError,
    TransitionError,
)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
    "manifest-src 'self'"
)

STATUS: dict[type[SupportError], int] = {
    SupportRateLimitError: 429,
    TransitionError: 409,
    Stale: 409,
    NotAllowed: 403,
    InvalidInput: 422,
    QuotaExceeded: 413,
    Busy: 503,
    StorageFull: 507,
}


def by_htmx() -> bool:
    """Whether the answer will be swapped into a page."""
    return request.headers.get("HX-Request") == "true"


def status_of(error: SupportError) -> int:
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)


def answer(template: str, status: int = 200, **context: Any) -> Response:
    """Render a page or fragment with this status."""
    return make_response(render_template(template, **context), status)


def go(address: str, message: str | None = None, category: str = "done") -> BaseResponse:
    """Send the reader on after a change, with a word about it."""
    if message:
        flash(message, category)
    if by_htmx():
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, code=303)


def failed(code: int, message: str = "", retry_after: int | None = None) -> Response:
    """Render the designed error page, or a toast for HTMX."""
    template = "errors/_toast.html" if by_htmx() else f"errors/{code}.html"
    response = answer(template, code, code=code, message=message, retry_after=retry_after, request_id=request_id())
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if by_htmx():
        response.headers["HX-Retarget"] = "#toast"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def request_id() -> str:
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return str(g.request_id)


def not_signed_in() -> BaseResponse:
    """Lead to the sign-in; what was typed into a form meanwhile stays on the page."""
    if request.method == "GET":
        address = url_for("auth.login", next=request.full_path.rstrip("?"))
        if by_htmx():
            return Response(status=401, headers={"HX-Redirect": address})
        return redirect(address, code=303)
    if by_htmx():
        return failed(401, _("You are signed out. Your text stays here: sign in in another tab, then send it again."))
    typed = [(name, text) for name, text in request.form.items(multi=True) if name in KEPT_FIELDS and text]
    return answer("errors/401.html", 401, typed=typed, address=request.path, request_id=request_id())


# Fields that a person fills in or that say what a form is about; never a secret, never a token.
KEPT_FIELDS = {
    *("subject", "description", "category_id", "priority", "submission", "message", "is_internal", "then"),
    *("agent_id", "score", "comment", "email", "name", "channel", "seen", "was", "status"),
}


# -- errors --------------------------------------------------------------------------------------------------

SHOWN = {400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 507}


def _on_http(error: HTTPException) -> BaseResponse:
    code = error.code or 500
    if code < 400 and error.response is not None:
        return make_response(error.response)
    retry_after = throttle.retry_after(error) if isinstance(error, RateLimitExceeded) else None
    page = code if code in SHOWN - {405, 507} else 404 if code == 405 else 400 if code < 500 else 500
    response = failed(page, retry_after=retry_after)
    response.status_code = code
    if code == 405 and isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _on_support(error: SupportError) -> BaseResponse:
    code = status_of(error)
    retry_after = getattr(error, "retry_after", None)
    page = 503 if code == 507 else code  # the page for both says: not now
    response = failed(page if page in SHOWN else 500, error.message, retry_after)
    response.status_code = code
    return response


def _on_csrf(error: CSRFError) -> BaseResponse:
    """Show the form again with the text: the view runs sealed, so that it can validate but never write."""
    db.session().info["sealed"] = True
    g.csrf_failed = True
    view: Callable[..., Any] | None = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return failed(400)
    try:
        response = make_response(current_app.ensure_sync(view)(**(request.view_args or {})))
    except (Sealed, SupportError):
        return failed(400)
    except HTTPException as other:
        return _on_http(other)
    if response.status_code < 400:
        return failed(400)
    response.status_code = 400 if response.status_code == 422 else response.status_code
    return response


def _on_database(error: OperationalError) -> BaseResponse:
    current_app.logger.warning("database not available: %s", type(error.orig).__name__)
    db.session.rollback()
    return failed(503, _("The desk is busy. Please try again in a moment."), 5)


def _on_any(error: Exception) -> BaseResponse:
    current_app.logger.exception("request %s failed", request_id())
    db.session.rollback()
    return failed(500)


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    headers.setdefault("X-Request-Id", request_id())
    if current_app.config["HELPDESK"].over_tls:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static" and "v" not in request.args:  # asked for by another script, without a hash
        headers["Cache-Control"] = "no-cache"
    if request.endpoint != "static":
        headers["Cache-Control"] = headers.get("Cache-Control") or "no-store"
        response.vary.update(["Cookie", "HX-Request"])
    return response


def bind(app: Flask) -> None:
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(SupportError, _on_support)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(OperationalError, _on_database)
    app.register_error_handler(Exception, _on_any)
    app.after_request(_headers)


def signed_in_staff() -> bool:
    return bool(current_user.is_authenticated and current_user.is_staff)
