"""What every way in shares: the browser's session, where to go then, and links that no longer work."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from flask import current_app, request
from flask_login import current_user
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from helpdesk_web import login
from helpdesk_web.models import User
from helpdesk_web.services import accounts
from helpdesk_web.services.tokens import DeadLink, Purpose
from helpdesk_web.web import answer, go

View = TypeVar("View", bound=Callable[..., Any])

EVEN_SECONDS = 0.25
_ODD = re.compile(r"[\\\x00-\x20\x7f-\x9f\u2028\u2029]")


def browser() -> dict[str, str]:
    """What the list of sessions shows about this browser."""
    return {"user_agent": request.user_agent.string, "address": request.remote_addr or ""}


def leave_old_session() -> None:
    """End the session this browser came with: whoever signs in gets a new one."""
    if current_user.is_authenticated:
        accounts.sign_out(login.person().id, login.session_id())


def enter(user: User, secret: str, wanted: str | None = None, message: str | None = None) -> Response:
    """Hand the browser its session and lead the person to their place."""
    login.signed_in(secret, user)
    return go(local_path(wanted) or home_of(user), message)


def home_of(user: User) -> str:
    return "/console/" if user.is_staff else "/support/tickets"


def local_path(wanted: str | None) -> str | None:
    """Return the address, fit for a header, if every browser reads it as a path on this site, else None."""
    if not wanted or len(wanted) > 2000:
        return None
    for reading in (wanted, unquote(wanted), unquote(unquote(wanted))):
        if not reading.startswith("/") or reading.startswith("//") or _ODD.search(reading.partition("?")[0]):
            return None
    return None if _ODD.search(wanted) or wanted.startswith("/login") else iri_to_uri(wanted)


def link_page(purpose: Purpose) -> Callable[[View], View]:
    """Answer a link that is unknown, used, replaced or too old with one and the same page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **kwargs: Any) -> Any:
            try:
                return view(*args, **kwargs)
            except DeadLink:
                return answer("auth/link_invalid.html", 410, purpose=purpose)

        return cast(View, answered)

    return decorate


@contextmanager
def even_time() -> Iterator[None]:
    """Take as long for a known address as for an unknown one, whose way through the database is longer."""
    began = time.monotonic()
    yield
    if current_app.config.get("PASSWORD_COST") != "cheap":
        time.sleep(max(0.0, began + EVEN_SECONDS - time.monotonic()))
