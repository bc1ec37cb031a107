"""What must be so after everything that may happen to a desk, judged by what its clients were told."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from helpdesk_web import audit, clock, relations
from helpdesk_web.database import db
from helpdesk_web.jobs.loop import run_due
from helpdesk_web.models import Attachment, Blob, Job, JobState, Reply, Ticket
from tests.running import wait_until
from tests.stories.desk import Desk
from tests.stories.load import Ledger


def send_the_rest(monkeypatch: Any) -> None:
    """The leases of the killed worker end, and the next one sends what is left."""
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=1))
    waiting = select(func.count()).where(Job.kind == "mail", Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
    wait_until(lambda: run_due(500) >= 0 and db.session.scalar(waiting) == 0, 120)


def assert_exactly_once(ledger: Ledger) -> None:
    said = Counter(db.session.scalars(select(Reply.message)))
    subjects = Counter(db.session.scalars(select(Ticket.subject)))
    files: Counter[tuple[str, str]] = Counter()
    attached = select(Reply.message, Attachment.digest).join(Attachment, Attachment.reply_id == Reply.id)
    for message, digest in db.session.execute(attached):
        files[message, digest] += 1
    assert len(ledger.acknowledged) > 40  # the kills fell into a load
    for word in ledger.words:
        times = {said[word.text], *([subjects[word.text]] if word.kind == "ticket" else [])}
        times |= {files[word.text, word.digest]} if word.digest else set()
        assert times == {1} if word.answered else times in ({0}, {1}), (word, times)
    assert said.keys() <= {word.text for word in ledger.words}


def assert_sound(desk: Desk) -> None:
    if desk.url is None:
        assert db.session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
    verdict = audit.verify()
    assert verdict.ok, str(verdict)
    findings = relations.check()  # among others: each attachment's file is there, and its content hashes to its name
    assert findings.is_sound, list(map(str, findings.left))
    vault = desk.folder / "vault"
    assert all((vault / digest[:2] / digest).is_file() for digest in db.session.scalars(select(Blob.digest)))


def assert_mailed(desk: Desk) -> int:
    """Every mail arrived, none that no durable change had caused; return how many came twice."""
    rows = db.session.execute(select(Job.message_id, Job.state, Job.unique_key).where(Job.kind == "mail")).all()
    arrived = [str(message["Message-ID"]) for message in desk.mailbox.received]
    assert {row.state for row in rows} <= {JobState.DONE, JobState.CANCELLED}
    assert set(arrived) == {row.message_id for row in rows if row.state is JobState.DONE}
    answers = select(Reply.id).where(Reply.by_staff, ~Reply.is_internal)
    sent = {row.unique_key for row in rows if row.state is JobState.DONE}
    assert {f"reply:{number}" for number in db.session.scalars(answers)} <= sent
    return count_repeats(arrived, desk)


def count_repeats(arrived: list[str], desk: Desk) -> int:
    """A mail came twice only if it was the last to arrive before a kill, which therefore fell before the commit."""
    last_before_a_kill = {mark - 1 for mark in desk.marks}
    repeats = 0
    for message_id, times in Counter(arrived).items():
        earlier = [place for place, one in enumerate(arrived) if one == message_id][:-1]
        assert set(earlier) <= last_before_a_kill, (message_id, earlier, desk.marks)
        assert len({desk.mailbox.raw[place] for place in earlier}) <= 1
        repeats += times - 1
    return repeats
