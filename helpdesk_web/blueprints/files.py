"""Files of messages, each as hidden as its message."""

from flask import Blueprint, abort, current_app, request, send_file
from flask_login import current_user
from werkzeug.wrappers import Response

from helpdesk_web.access import PUBLIC, access
from helpdesk_web.login import person
from helpdesk_web.models import Attachment
from helpdesk_web.queries import files
from helpdesk_web.services import sniffing, vault

bp = Blueprint("files", __name__, url_prefix="/files")

# Whatever a file claims to be, opened by itself it has an origin of its own, no scripts, no forms, no loads.
CSP = "sandbox; default-src 'none'"


@bp.get("/<key>/<name>")
@access(PUBLIC)  # a stranger learns nothing, not even that signing in would help
def show(key: str, name: str) -> Response:
    """Send the file; the name in the address is only for the reader."""
    found = files.attachment(person(), key) if current_user.is_authenticated else None
    if found is None:
        abort(404)
    return _sent(found)


def _sent(attachment: Attachment) -> Response:
    try:
        file = vault.open_file(attachment)
    except FileNotFoundError:
        current_app.logger.error("file of attachment %s is missing", attachment.id)
        abort(404)
    kind = sniffing.served_as(attachment.content_type)
    response = send_file(
        file,
        mimetype=kind,
        as_attachment=kind not in sniffing.INLINE,
        download_name=attachment.name,
        conditional=False,
        etag=attachment.digest,
    )
    response.content_length = attachment.size
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response.make_conditional(request, accept_ranges=True, complete_length=attachment.size)
