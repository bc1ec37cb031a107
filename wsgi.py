"""`flask --app wsgi …` in a checkout."""

from helpdesk_web.wsgi import app

__all__ = ["app"]
