"""The console's pages as answers: what each template needs, in one place for every route that shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, request
from flask_babel import gettext as _

from helpdesk_web import clock
from helpdesk_web.blueprints.console.forms import ReplyForm
from helpdesk_web.i18n import duration, moment_long
from helpdesk_web.labels import priority_words
from helpdesk_web.login import person
from helpdesk_web.models import Ticket
from helpdesk_web.queries import neighbours, promises, queues, sidebar, timeline
from helpdesk_web.queries.queues import Queue
from helpdesk_web.services import desk, history, sla, states, visits
from helpdesk_web.web import answer, by_htmx


@dataclass(frozen=True, slots=True)
class Promised:
    """One strip of the promised times."""

    name: str
    state: str
    text: str
    of_text: str
    share: int
    started_at: datetime
    due_at: datetime
    sentence: str


def visible_ticket(refid: str) -> Ticket:
    """Load through what the person may see; anything else is not found."""
    return (timeline.ticket(person(), refid) or abort(404))[0]


def ticket_page(
    refid: str,
    status: int = 200,
    *,
    form: ReplyForm | None = None,
    template: str | None = None,
    **context: Any,
) -> Response:
    """Show the ticket as it is now; HTMX gets the partials that painted the page first."""
    user = person()
    shown, visit = timeline.ticket(user, refid) or abort(404)
    beside = sidebar.sidebar(shown, user)
    told = timeline.timeline(shown, user, visit, _known(shown, beside))
    queue = came_from()
    now = clock.now()
    counted, beside_it = neighbours.counts(queue, shown, user)
    form = form or ReplyForm(formdata=None)
    form.seen.data = told.last_reply_id
    if form.agent_id.data is None:
        form.agent_id.data = str(user.id) if shown.assignee_id is None and shown.is_open() else ""
    response = answer(
        template or ("console/tickets/_ticket.html" if by_htmx() else "console/tickets/show.html"),
        status,
        ticket=_shown(shown, beside),
        timeline=told.entries,
        history=told.history,
        promises=promised(shown, now),
        other_tickets=beside.other_tickets,
        agents=beside.agents,
        categories=beside.categories,
        form=form,
        queues=queues.rail(counted),
        queue=queue,
        neighbours=beside_it,
        **upload_limits(),
        **{"conflict": None, "notice": None, **context},
    )
    visits.note_after(response, user, shown, told.last_reply_id, visit)
    return response


def upload_limits() -> dict[str, Any]:
    """What the file fields say before sending."""
    limits = desk.settings().vault
    return {"max_file_mb": f"{limits.max_file_mb:g}", "max_files": limits.max_files}


def came_from() -> Queue | None:
    """The queue the reader came from, kept in the address."""
    return queues.QUEUES.get(request.values.get("queue", ""))


def promised(shown: Ticket, now: datetime) -> list[Promised]:
    """First answer and resolution, each with the sentence that explains it."""
    return [_first_answer(shown, now), _resolution(shown, now)]


def _first_answer(shown: Ticket, now: datetime) -> Promised:
    hours = sla.target(shown).first_response_hours
    answered = shown.first_response_at
    facts = _Facts(_("First answer"), shown.created_at, shown.first_response_due_at, hours)
    if answered:
        return facts.met(answered - shown.created_at, in_time=answered < shown.first_response_due_at)
    return facts.open(shown, now, _("To be answered within %(hours)s after it was opened.", hours=facts.target))


def _resolution(shown: Ticket, now: datetime) -> Promised:
    hours = sla.target(shown).sla_hours
    facts = _Facts(_("Resolve"), shown.created_at, shown.sla_due_at, hours)
    still = timedelta(seconds=shown.paused_seconds)
    stopped = shown.resolved_at or shown.closed_at
    if stopped:
        worked = (shown.paused_at or stopped) - shown.created_at - still
        return facts.met(worked, in_time=not shown.is_sla_breached())
    priority = priority_words()[shown.priority]
    sentence = _("%(priority)s priority: to be resolved within %(hours)s.", priority=priority, hours=facts.target)
    if still >= timedelta(minutes=1):
        sentence += " " + _("The clock stood still for %(time)s.", time=duration(still))
    return facts.open(shown, now, sentence)


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    started_at: datetime
    due_at: datetime
    hours: float

    @property
    def target(self) -> str:
        return duration(timedelta(hours=self.hours))

    def met(self, took: timedelta, *, in_time: bool) -> Promised:
        state = "met" if in_time else "missed"
        of_text = _("of %(target)s", target=self.target)
        took = max(took, timedelta(minutes=1))
        return Promised(self.name, state, duration(took), of_text, 0, self.started_at, self.due_at, "")

    def open(self, shown: Ticket, now: datetime, sentence: str) -> Promised:
        told = promises.of_row(
            is_open=shown.is_open(),
            due_at=self.due_at,
            warn_at=self.due_at - timedelta(hours=self.hours * sla.WARN_SHARE),
            paused_at=shown.paused_at,
            hours=self.hours,
            now=now,
        )
        of_text = _("of %(target)s", target=self.target) if told.state in ("running", "none") else ""
        if told.state == "none":
            return Promised(self.name, "none", _("not given"), of_text, 0, self.started_at, self.due_at, "")
        if told.state == "paused":
            sentence += " " + _("It stands still since %(time)s.", time=moment_long(shown.paused_at or now))
        return Promised(self.name, told.state, told.text, of_text, told.share, self.started_at, self.due_at, sentence)


def _known(shown: Ticket, beside: sidebar.Sidebar) -> history.Names:
    """The names at hand, so that the history seldom asks for more."""
    people = dict(beside.agents) | {shown.customer_id: shown.customer.name}
    return history.Names(people=people, categories=dict(beside.categories))


def _shown(shown: Ticket, beside: sidebar.Sidebar) -> dict[str, Any]:
    customer, agent = shown.customer, shown.assignee
    return {
        "refid": shown.refid,
        "subject": shown.subject,
        "status": shown.status.value,
        "priority": shown.priority.value,
        "channel": shown.channel.value,
        "created_at": shown.created_at,
        "version": shown.version,
        "customer": {
            "name": customer.name,
            "email": customer.email,
            "initials": customer.initials,
            "is_verified": customer.is_verified,
            "organization_name": customer.organization.name if customer.organization else None,
            "local_time": _local_time(customer.zone),
        },
        "assignee": {"id": agent.id, "name": agent.name, "initials": agent.initials} if agent else None,
        "team": shown.team.name if shown.team else None,
        "category": {"id": shown.category.id, "name": shown.category.name},
        "tags": beside.tags,
        "metadata": shown.metadata_,
        "follow_up_of_id": shown.follow_up_of_id,
        "allowed": states.useful(shown),
    }


def _local_time(zone: str | None) -> str | None:
    return f"{clock.now().astimezone(ZoneInfo(zone)):%H:%M}" if zone else None
