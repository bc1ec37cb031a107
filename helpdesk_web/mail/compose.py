"""From a job's row to a mail: rendered in the reader's language, with headers nobody can add to."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from flask import current_app

from helpdesk_web import clock
from helpdesk_web.database import db
from helpdesk_web.i18n import speaking
from helpdesk_web.mail import about_accounts, about_tickets, headers
from helpdesk_web.mail.letter import Letter, Unwanted
from helpdesk_web.models import Job, User
from helpdesk_web.services import desk, outbox

_POLICY = SMTP.clone(refold_source="none")  # see headers.encoded

WRITERS = {**about_accounts.WRITERS, **about_tickets.WRITERS}


def letter(job: Job) -> Letter:
    """Render a mail for the person it is for now; Unwanted when nobody is entitled to it."""
    template = job.template or ""
    if template not in WRITERS:
        raise Unwanted("there is no such mail")
    reader = db.session.get(User, job.account_id) if job.account_id is not None else None
    language = (reader.language if reader else None) or desk.settings().language
    with speaking(language):
        content = WRITERS[template](job, reader)
        known = {"desk_name": desk.settings().desk_name, "subject": content.subject, "language": language}
        return Letter(
            to=content.to,
            subject=content.subject,
            text=_rendered(f"email/{template}.txt", known | content.facts),
            html=_rendered(f"email/{template}.html", known | content.facts),
            is_answer=template == "ticket_received",
            refid=content.refid,
        )


def message(letter: Letter, message_id: str) -> EmailMessage:
    """Put a letter into its envelope; the id was stored before, and is the same for each try."""
    made = EmailMessage(policy=_POLICY)
    made.set_raw("From", str(sender()))
    made.set_raw("To", headers.address(letter.to))
    made.set_raw("Subject", headers.encoded(headers.one_line(letter.subject), room=66))
    made["Date"] = format_datetime(clock.now())
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-replied" if letter.is_answer else "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    if letter.refid:  # all mails of a ticket hang on one root, so that they stay together
        made["References"] = f"<{letter.refid}@{outbox.mail_domain()}>"
    made.set_content(headers.many_lines(letter.text))
    made.add_alternative(headers.many_lines(letter.html), subtype="html")
    return made


def sender() -> headers.Mailbox:
    """Return who this desk's mail is from."""
    return headers.sender(desk.boot().mail_from, desk.settings().desk_name, outbox.mail_domain())


def _rendered(template: str, facts: dict[str, object]) -> str:
    """Not by `render_template`: what pages know (the visitor, the form token) has no place in a mail."""
    return current_app.jinja_env.get_template(template).render(facts).strip() + "\n"
