"""Tells a planned ticket: who says what when, step by step, on a `Case`."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from helpdesk_web.demo import content, files
from helpdesk_web.demo.cases import Case, Written
from helpdesk_web.demo.content import Turn
from helpdesk_web.demo.people import People
from helpdesk_web.demo.planning import Ticket
from helpdesk_web.demo.week import DAY, HOUR, Week
from helpdesk_web.demo.wording import Wording
from helpdesk_web.models import Channel, TicketPriority
from helpdesk_web.models.types import comparable
from helpdesk_web.services import desk, refids
from helpdesk_web.services.states import Event

ABOUT_GOODS = ("orders-and-delivery", "returns-and-warranty", "label-printers", "scanners", "payment-and-invoices")
OWN_PHOTO: files.File = ("label.png", files.label(4))
THEN = {"pending": Event.WAIT, "resolved": Event.RESOLVE}
GIVEN_SHARE = 0.08  # of the tickets are given out by the supervisor instead of taken
RATED_SHARE = 0.38
SEEN_SHARE = 0.6  # of the open tickets a colleague has looked at
SCORES, SCORES_LATE = (5, 4, 3, 2, 1), (3, 4, 2, 1, 5)
SCORE_WEIGHTS = (60, 26, 9, 3, 2)
COMMENTS = {
    5: ("Quick and friendly, thank you!", "Solved before my coffee was cold.", "Exactly the answer I needed.", "", ""),
    4: ("Good help, took two rounds.", "Thanks, works now.", "", ""),
    3: ("It works, but it took long.", "Helpful in the end.", ""),
    2: ("Too slow for a shop that has to open at nine.", "I had to explain it twice.", ""),
    1: ("Waited for days without a word.", ""),
}


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Files that a message gets once it is there."""

    reply_id: int
    uploader_id: int
    files: tuple[files.File, ...]


class Teller:
    """Tells tickets one after the other, in the order of their creation."""

    def __init__(self, people: People, week: Week, rng: random.Random) -> None:
        self._people = people
        self._week = week
        self._rng = rng
        self.written = Written()
        self._team_of = {category.slug: category.team or "Front desk" for category in content.categories()}
        self._category_ids = {row["slug"]: row["id"] for row in people.categories}
        self._supervisor = people.ids["sam@example.com"]
        self._watchful = [people.ids[email] for email in ("alex@example.com", "kim@example.com", "sam@example.com")]
        names = sorted({tag for talk in content.conversations() for tag in talk.tags})
        self._tag_ids = {name: number for number, name in enumerate(names, 1)}
        self.tags = [{"id": number, "name": name, "key": comparable(name)} for name, number in self._tag_ids.items()]
        self._auto_close = desk.settings().auto_close_days * DAY
        self._told = 0
        self.enclosures: list[Enclosure] = []

    def tell(self, ticket: Ticket) -> Case:
        talk, course = ticket.talk, ticket.course
        customer_id = self._people.ids[ticket.email] if ticket.email else self._people.customer(talk)
        agent_id = self._people.agent(self._team_of[talk.category])
        signs = talk.channel != "phone" and self._rng.random() < 0.6
        signature = self._people.names[customer_id] if signs else None
        wording = Wording(self._rng, varied=ticket.again, signed_by=signature)
        case = self._opened(ticket, customer_id, agent_id, wording)
        for turn, moment in zip(talk.turns, course.turns, strict=True):
            self._say(case, turn, _moment(moment), agent_id, wording, is_open=talk.state == "open")
        self._end(case, ticket, agent_id)
        self._look(case, ticket, agent_id)
        case.look_at_the_clock(_moment(self._week.now))
        for tag in dict.fromkeys(talk.tags):
            case.tagged(self._tag_ids[tag])
        case.finish()
        return case

    def _opened(self, ticket: Ticket, customer_id: int, agent_id: int, wording: Wording) -> Case:
        talk, rng = ticket.talk, self._rng
        self._told += 1
        team_id = self._people.team_ids[self._team_of[talk.category]]
        with_order = talk.category in ABOUT_GOODS and rng.random() < 0.45
        case = Case(
            self.written,
            id=self._told,
            refid="sup_" + "".join(rng.choices(refids.LETTERS, k=refids.LENGTH)),  # known from the seed
            subject=wording.subject(talk.subject, with_order=with_order),
            opening=wording.opening(talk.opening),
            at=_moment(ticket.course.created),
            customer_id=customer_id,
            opened_by_id={"web": customer_id, "phone": agent_id}.get(talk.channel),
            category_id=self._category_ids[talk.category],
            team_id=team_id,
            priority=TicketPriority(talk.priority),
            channel=Channel(talk.channel),
            metadata={"order": wording.order} if with_order and talk.channel == "web" and ticket.again else {},
        )
        enclosed = wording.files(talk.opening)
        if ticket.email and talk.state == "in_progress":
            enclosed = (OWN_PHOTO,)
        self._enclose(case, customer_id, enclosed)
        return case

    def _say(self, case: Case, turn: Turn, at: datetime, agent_id: int, wording: Wording, *, is_open: bool) -> None:
        said, enclosed = wording.said(turn.text), wording.files(turn.text)
        if turn.by == "customer":
            case.hear(said, at, files=len(enclosed))
            self._enclose(case, case.customer_id, enclosed)
            if turn.then:  # "This solved it"
                case.move(THEN[turn.then], by=case.customer_id, at=at)
            return
        if case.assignee_id is None and not is_open and self._rng.random() < GIVEN_SHARE:
            case.assign(agent_id, by=self._supervisor, at=at)
        if turn.by == "note":
            if not is_open:
                case.assign(agent_id, by=agent_id, at=at)
            case.note(agent_id, said, at)
            return
        then = THEN[turn.then] if turn.then else None
        case.answer(agent_id, said, at, take=True, then=then, files=len(enclosed))
        self._enclose(case, agent_id, enclosed)

    def _enclose(self, case: Case, uploader_id: int, enclosed: tuple[files.File, ...]) -> None:
        """Remember the files of the message that was written last."""
        if enclosed:
            self.enclosures.append(Enclosure(case.last_reply_id, uploader_id, enclosed))

    def _end(self, case: Case, ticket: Ticket, agent_id: int) -> None:
        """What comes after the last word: resolved for a silent customer, rated, closed."""
        if ticket.course.ended:
            case.move(Event.RESOLVE, by=agent_id, at=_moment(ticket.course.ended))
        if case.is_open():
            return
        resolved, now = ticket.course.last, self._week.now
        closes = resolved + self._auto_close + self._rng.random() * 600 if self._auto_close else now + 1
        if ticket.talk.state == "closed" and resolved > now - self._auto_close:
            by_hand = resolved + self._rng.uniform(0.2, 0.9) * (now - resolved)
            self._rate(case, resolved, by_hand)
            case.move(Event.CLOSE, by=agent_id, at=_moment(by_hand))
        else:
            self._rate(case, resolved, min(closes, now))
            if closes < now:
                case.move(Event.CLOSE, by=None, at=_moment(closes), cause="auto-close")

    def _rate(self, case: Case, start: float, end: float) -> None:
        if self._rng.random() > RATED_SHARE:
            return
        scores = SCORES_LATE if case.breached_at else SCORES
        score = self._rng.choices(scores, SCORE_WEIGHTS)[0]
        comment = self._rng.choice(COMMENTS[score]) if self._rng.random() < 0.5 else ""
        at = start + min(self._rng.expovariate(1 / (5 * HOUR)), 0.95 * (end - start))
        case.rate(score, comment, _moment(at))

    def _look(self, case: Case, ticket: Ticket, agent_id: int) -> None:
        """Who has seen the last word: the two customers all but the answer that has just come."""
        if ticket.email and ticket.talk.state != "pending":
            case.seen_by(case.customer_id)
        if not case.is_open():
            return
        readers = {agent_id} if case.preview_author_id == agent_id else set()
        readers |= {user_id for user_id in self._watchful if self._rng.random() < SEEN_SHARE}
        for user_id in sorted(readers):
            case.seen_by(user_id)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
