"""The jobs that happen once, later: each inside the transaction that ends it."""

from datetime import datetime

from helpdesk_web.jobs.tasks import Work, task
from helpdesk_web.models import JobState
from helpdesk_web.services import escalation, recovery
from helpdesk_web.services.tokens import Purpose


@task("urgent.check", attempts=50)  # each longer patience of the desk puts it off once more
def check_urgent(work: Work) -> dict[str, object] | None:
    """The minutes an urgent ticket may wait are over, unless the desk gives more by now."""
    since = datetime.fromisoformat(work.args["since"])
    later = escalation.check(work.args["ticket_id"], since=since)
    return {"state": JobState.QUEUED, "run_at": later, "done_at": None} if later else None


@task(recovery.MAIL_LINK)
def mail_link(work: Work) -> dict[str, object]:
    """Somebody asked for a link to an address; the address is not kept longer than needed."""
    recovery.mail_link(work.args["address"], Purpose(work.args["purpose"]))
    return {"args": {}}
