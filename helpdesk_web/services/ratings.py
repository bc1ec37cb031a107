"""What the customer thought of the help, once per ticket; changing one's mind replaces it."""

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk_web import clock, events
from helpdesk_web.database import db, lock
from helpdesk_web.errors import InvalidInput, TransitionError
from helpdesk_web.models import Rating, Ticket, User
from helpdesk_web.services import audit, texts

SCORES = range(1, 6)


def rate(ticket: Ticket, *, by: User, score: int, comment: str = "") -> Rating:
    """Keep the customer's rating of a ticket that is resolved or closed."""
    lock(ticket)
    if ticket.is_open():
        raise TransitionError(_("You can rate the help once your request is solved."))
    if score not in SCORES:
        raise InvalidInput(_("Please choose one of the five."), "score")
    comment = texts.many_lines(comment, field="comment", limit=2000, required=False)
    rating = db.session.scalar(select(Rating).where(Rating.ticket_id == ticket.id))
    if rating and (rating.score, rating.comment) == (score, comment):
        return rating
    if rating is None:
        rating = Rating(ticket_id=ticket.id)
        db.session.add(rating)
    rating.agent_id, rating.score, rating.comment = ticket.assignee_id, score, comment
    rating.created_at = clock.now()
    ticket.version += 1
    audit.record(ticket, by, "ticket.rated", {"score": score}, private={"comment": comment} if comment else None)
    db.session.flush()
    events.later(events.TicketRated, ticket_id=ticket.id, rating_id=rating.id)
    return rating
