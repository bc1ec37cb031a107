"""What becomes of an exception: a status, the designed page for it, and what was typed."""

import errno
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, make_response, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web import throttle
from helpdesk_web.connections import refusal
from helpdesk_web.database import Sealed, db
from helpdesk_web.errors import StorageFull, SupportError, Unavailable
from helpdesk_web.web import ask_nothing, failed, request_id, status_of

SHOWN = {400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 507}


def _on_http(error: HTTPException) -> BaseResponse:
    if isinstance(cause := getattr(error, "original_exception", None), OperationalError):
        return _on_database(cause)  # even the page of another error asks the database, for its reader
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
    if code >= 500:
        ask_nothing()
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
    told = refusal(error)
    if told is None:
        return _on_any(error)
    current_app.logger.warning("request %s: the database does not answer: %s", request_id(), error.orig)
    _let_go()
    return _on_support(told)


def _on_no_connection(error: PoolTimeout) -> BaseResponse:
    current_app.logger.warning("request %s: %s", request_id(), error)
    return _on_support(Unavailable())


def _on_system(error: OSError) -> BaseResponse:
    """A full disk can stop a request anywhere, even while its form is unpacked."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        current_app.logger.warning("request %s: %s", request_id(), error)
        return _on_support(StorageFull())
    return _on_any(error)


def _on_any(error: Exception) -> BaseResponse:
    if told := _lost_database(error):
        current_app.logger.warning("request %s: the database went away: %s", request_id(), error)
        _let_go()
        return _on_support(told)
    current_app.logger.exception("request %s failed", request_id())
    _let_go()
    ask_nothing()
    return failed(500)


def _lost_database(error: BaseException) -> SupportError | None:
    """What to tell when a lost database stands behind an error, however the driver or the session put it."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, OperationalError) and (told := refusal(behind)):
            return told
        if isinstance(behind, InterfaceError) or getattr(behind, "connection_invalidated", False):
            return Unavailable()
        behind = behind.__cause__ or behind.__context__
    return None


def _let_go() -> None:
    """End the transaction; a connection that died in it cannot, and is thrown away."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session().invalidate()


def _close(_error: BaseException | None) -> None:
    """End the session before Flask-SQLAlchemy does: a dead connection must not break an answer that is made."""
    if db.session.registry.has():
        try:
            db.session().close()
        except SQLAlchemyError:
            db.session().invalidate()


def bind(app: Flask) -> None:
    app.teardown_appcontext(_close)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(SupportError, _on_support)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(OperationalError, _on_database)
    app.register_error_handler(PoolTimeout, _on_no_connection)
    app.register_error_handler(OSError, _on_system)
    app.register_error_handler(Exception, _on_any)
