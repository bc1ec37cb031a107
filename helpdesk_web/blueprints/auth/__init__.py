"""Ways in: sign in and out, register, links from mails."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from helpdesk_web.blueprints.auth import invitations, password, registration, sign_in  # noqa: E402

__all__ = ["bp", "invitations", "password", "registration", "sign_in"]
