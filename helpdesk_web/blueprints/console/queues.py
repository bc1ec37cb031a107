"""Queues: what is to do."""

from flask import Response, abort, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from helpdesk_web.blueprints.console import bp
from helpdesk_web.login import person
from helpdesk_web.queries import queue as page
from helpdesk_web.queries import queues
from helpdesk_web.web import answer, by_htmx, go


@bp.get("/")
def start() -> BaseResponse:
    return go(url_for(".show_queue", slug=queues.DEFAULT))


@bp.get("/queues/<slug>")
def show_queue(slug: str) -> Response:
    queue = queues.QUEUES.get(slug) or abort(404)
    listing = page.listing(queue, person(), request.args.get("at"))
    return answer(
        "console/queues/_list.html" if by_htmx() else "console/queues/show.html",
        queue=queue,
        queues=queues.rail(listing.counted),
        groups=listing.groups,
        total=listing.total,
        next_cursor=listing.next_cursor,
        prev_cursor=listing.prev_cursor,
        sort_label=queue.sort_label,
    )
