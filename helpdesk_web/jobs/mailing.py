"""The job "mail": read its row, write the letter, let go of the database, talk to the mail server."""

import threading
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import update

from helpdesk_web import clock
from helpdesk_web.database import commit, db, end_reading, lock, writing
from helpdesk_web.errors import Busy
from helpdesk_web.jobs.tasks import NotNeeded, NotNow, Refused, Work, task
from helpdesk_web.mail import compose, deliver, headers
from helpdesk_web.mail.letter import Unwanted
from helpdesk_web.models import Job, JobState, Ticket
from helpdesk_web.services import audit, desk, outbox

AWAY = "no connection to the mail server: "

_server_was_away = threading.Event()


def tell_ticket(work: Work, reason: str) -> None:
    """A mail that will not arrive belongs to the ticket's story: somebody waits for it in vain."""
    job = db.session.get_one(Job, work.id)
    ticket = db.session.get(Ticket, job.ticket_id) if job.ticket_id else None
    if ticket is None:
        return
    lock(ticket).version += 1
    audit.record(ticket, None, "mail.not_sent", {"mail": job.template}, private={"reason": reason})
    db.session.flush()


@task(
    outbox.MAIL,
    attempts=10,
    first_gap=timedelta(seconds=30),
    growth=3.0,
    longest_gap=timedelta(hours=4),
    own_transactions=True,
    when_dead=tell_ticket,
)
def send(work: Work) -> dict[str, Any] | None:
    """Send one mail. A crash before the end makes it run again, with the Message-ID it had before."""
    url = desk.boot().smtp_url
    if not url:  # the server was taken away since: kept, and sent later only when an admin says so
        return {"state": JobState.KEPT, "done_at": None}
    job = db.session.get_one(Job, work.id)
    carries_link = job.carries_link
    message = _composed(job)
    end_reading()  # no transaction stays open while the server takes its time
    _deliver(message, deliver.Server.at(url))
    _send_the_held_up()
    return {"recipient": _recipient(message)} | ({"args": {}} if carries_link else {})


def _composed(job: Job) -> EmailMessage:
    try:
        return compose.message(compose.letter(job), job.message_id or "")
    except Unwanted as reason:
        raise NotNeeded(str(reason)) from reason
    except headers.BadAddress as error:
        raise Refused(str(error)) from error


def _deliver(message: EmailMessage, server: deliver.Server) -> None:
    try:
        deliver.send(message, server, sender=compose.sender().address, recipient=_recipient(message))
    except deliver.Permanent as error:
        raise Refused(str(error)) from error
    except deliver.ServerAway as error:
        _server_was_away.set()
        raise NotNow(AWAY + str(error)) from error
    except deliver.Temporary as error:
        raise NotNow(str(error)) from error


def _recipient(message: EmailMessage) -> str:
    return str(message["To"].addresses[0].addr_spec)


def _send_the_held_up() -> None:
    """The server is back: what failed for its absence alone need not wait out its time."""
    if not _server_was_away.is_set():
        return
    _server_was_away.clear()
    held_up = update(Job).where(Job.kind == outbox.MAIL, Job.state == JobState.QUEUED, Job.last_error.startswith(AWAY))
    with suppress(Busy), writing():  # a failure here must not count as one of the mail that just left
        db.session.execute(held_up.values(run_at=clock.now()).execution_options(synchronize_session=False))
        commit()
