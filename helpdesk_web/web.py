"""How answers leave: page or partial, toasts, error pages, and the headers every answer carries."""

import secrets
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
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web import login
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
from helpdesk_web.services import desk

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
    """Render the designed error page, or a toast for HTMX; a page of the server's fault keeps what was typed."""
    template = "errors/_toast.html" if by_htmx() else f"errors/{code}.html"
    typed = _typed() if code >= 500 else []
    told = {"code": code, "message": message, "retry_after": retry_after, "request_id": request_id(), "typed": typed}
    response = answer(template, code, **told)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if by_htmx():
        response.headers["HX-Retarget"] = "#toast"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def ask_nothing() -> None:
    """Make do without the reader's language and the newest settings: the database may be what failed."""
    login.ask_nobody()
    desk.hold()


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
    return answer("errors/401.html", 401, typed=_typed(), request_id=request_id())


def _typed() -> list[tuple[str, str]]:
    """What a person wrote into the form that was sent, as far as it can be read."""
    try:
        fields = list(request.form.items(multi=True))
    except (HTTPException, OSError):  # too large, or there is no room to unpack it
        return []
    if not any(name in WRITTEN_FIELDS and text for name, text in fields):
        return []
    return [(name, text) for name, text in fields if name in KEPT_FIELDS and text]


WRITTEN_FIELDS = {"subject", "description", "message", "comment"}

# Fields that a person fills in or that say what a form is about; never a secret, never a token.
KEPT_FIELDS = {
    *("subject", "description", "category_id", "priority", "submission", "message", "is_internal", "then"),
    *("agent_id", "score", "comment", "email", "name", "channel", "seen", "was", "status"),
}

WAITS = {503: Busy.retry_after, 507: StorageFull.retry_after}  # seconds


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    headers.setdefault("X-Request-Id", request_id())
    if response.status_code in WAITS:
        headers.setdefault("Retry-After", str(WAITS[response.status_code]))
    if current_app.config["HELPDESK"].over_tls:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static" and "v" not in request.args:  # asked for by another script, without a hash
        headers["Cache-Control"] = "no-cache"
    if request.endpoint != "static":
        headers["Cache-Control"] = headers.get("Cache-Control") or "no-store"
        response.vary.update(["Cookie", "HX-Request"])
    return response


def bind(app: Flask) -> None:
    app.after_request(_headers)
