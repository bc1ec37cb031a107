"""A test browser whose requests are strangers to the test: each has its own context, user and session."""

import contextvars
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from helpdesk_web.database import db


class Browser(FlaskClient):
    """Without an empty context a request would find the test's `g`, and with it whoever asked last."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if not has_app_context():
            return self._open(*args, **kwargs)
        db.session.rollback()  # a savepoint of the test's own must not lie around the request's
        response = contextvars.Context().run(self._open, *args, **kwargs)
        db.session.expire_all()  # the test's objects show what the request changed
        return response

    def _open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        response.get_data()
        response.close()  # what is done once the answer has left is done now
        return response
