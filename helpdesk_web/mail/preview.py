"""What a mail in the outbox says, as it would leave now: for the admins' page."""

from dataclasses import dataclass

from helpdesk_web.mail import compose
from helpdesk_web.mail.letter import Unwanted
from helpdesk_web.models import Job, User
from helpdesk_web.queries import outbox


@dataclass(frozen=True, slots=True)
class Preview:
    """Subject and plain text of a mail; `why_not` says why there is none to show."""

    subject: str = ""
    text: str = ""
    why_not: str = ""


def of(job: Job, reader: User) -> Preview | None:
    """Return the mail's text, or None when this person may not read it."""
    if not outbox.may_read_body(reader, job):
        return None
    try:
        letter = compose.letter(job)
    except Unwanted as reason:
        return Preview(why_not=str(reason))
    return Preview(letter.subject, letter.text)
