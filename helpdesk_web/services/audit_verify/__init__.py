"""Walks the audit and names the first record that is not as it was written."""

from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection

from helpdesk_web.database import db, end_reading, is_sqlite
from helpdesk_web.services.audit_verify import records, sealed
from helpdesk_web.services.audit_verify.fault import Tampered


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the walk found.

    When not `ok`, `stream` and `seq` name the first bad record and `problem` says what is wrong with it; of a
    seal the stream is "seal" and the seq its id.
    """

    ok: bool
    records: int = 0
    streams: int = 0
    seals: int = 0
    stream: str = ""
    seq: int | None = None
    problem: str = ""
    remark: str = ""

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if self.ok:
            text = _(
                "%(records)s records in %(streams)s chains and %(seals)s seals are as they were written.",
                records=self.records,
                streams=self.streams,
                seals=self.seals,
            )
            return f"{text} {self.remark}".rstrip()
        return f"{self.where}: {self.problem}"

    @property
    def where(self) -> str:
        """The first bad record by name: "ticket:sup_…, record 3" or "seal 12"."""
        if self.seq is None or self.stream == "seal":
            return f"{self.stream} {self.seq or ''}".rstrip()
        return str(_("%(stream)s, record %(seq)s", stream=self.stream, seq=self.seq))


def verify() -> Verdict:
    """Check every chain, head and seal against one moment of the database; memory stays small at any size.

    Not inside `writing()`. What was recorded since the last seal (a minute at most) is vouched for by its own
    chain alone.
    """
    # The file first: the database may only have more seals than it, not fewer.
    with sealed.Outside.of(current_app.config["HELPDESK"]) as outside:
        connection = _moment()
        try:
            counted = records.check(connection)
            seals, remark = sealed.check(connection, outside)
        except Tampered as bad:
            return Verdict(False, stream=bad.stream, seq=bad.seq, problem=bad.problem)
        finally:
            end_reading()
    return Verdict(True, counted.records, counted.streams, seals, remark=remark)


def _moment() -> Connection:
    """Begin a transaction that keeps seeing one state, whatever is written meanwhile."""
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("verify() belongs outside writing()")
    end_reading()
    if is_sqlite() or isinstance(session.get_bind(), Connection):  # a borrowed connection keeps its own rules
        return session.connection()
    return session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
