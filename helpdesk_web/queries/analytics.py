"""The desk's figures. Definitions live here and nowhere else; each docstring is what the page shows for it.

Periods are whole days in the desk's zone, the last one today. A mean or share without rows is None.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, and_, case, cast, extract, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from helpdesk_web import clock
from helpdesk_web.database import FAR, db, is_sqlite
from helpdesk_web.models import Rating, Ticket, User
from helpdesk_web.queries import predicates
from helpdesk_web.services import desk

DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `first` to `last`, both included, in `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def last_days(cls, days: int) -> "Period":
        zone = ZoneInfo(desk.settings().time_zone)
        today = clock.now().astimezone(zone).date()
        return cls(today - timedelta(days=days - 1), today, zone)

    @property
    def start(self) -> datetime:
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        return self._midnight(self.last + timedelta(days=1))

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def holds(self, column: Any) -> ColumnElement[bool]:
        return and_(column >= self.start, column < self.end)

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


class Analytics:
    """The figures of one period; the last 30 days unless told otherwise."""

    def __init__(self, period: Period | None = None) -> None:
        self.period = period or Period.last_days(DAYS)

    def get_dashboard(self) -> dict[str, Any]:
        """The headline figures, and the parts below."""
        times = self.get_response_time_metrics()
        return {
            "total_open": self._total_open(),
            "total_resolved": self._total_resolved(),
            "avg_first_response": times["avg_first_response_hours"],
            "success_rate": self._success_rate(),
            "sla_metrics": self.get_sla_metrics(),
            "daily_trends": self.get_daily_trends((self.period.last - self.period.first).days + 1),
            "agent_performance": self.get_agent_performance(),
            "response_times": times,
        }

    def get_sla_metrics(self) -> dict[str, Any]:
        """breached: open tickets past their due time. at_risk: open, running, in the last fifth of their
        target. compliance_rate: per cent of the resolution targets due in the period that were met."""
        now = clock.now()
        at_risk = and_(Ticket.warn_at <= now, Ticket.queue_due_at > now)
        row = db.session.execute(
            select(
                func.count().label("total_open"),
                _count(Ticket.queue_due_at <= now).label("breached"),
                _count(at_risk).label("at_risk"),
            ).where(predicates.OPEN)
        ).one()
        return {
            "breached": int(row.breached or 0),
            "at_risk": int(row.at_risk or 0),
            "total_open": int(row.total_open),
            "compliance_rate": self._compliance_rate(now),
        }

    def get_daily_trends(self, days: int = DAYS) -> list[dict[str, Any]]:
        """Tickets created and tickets resolved on each day, oldest first, no day missing."""
        first = self.period.last - timedelta(days=days - 1)
        period = Period(first, self.period.last, self.period.zone)
        created = _per_day(Ticket.created_at, period)
        resolved = _per_day(Ticket.resolved_at, period)
        return [
            {"date": day.isoformat(), "created": created.get(day, 0), "resolved": resolved.get(day, 0)}
            for day in period.days()
        ]

    def get_agent_performance(self, limit: int = 10) -> list[dict[str, Any]]:
        """Who resolved how many tickets in the period, most first, with the mean rating of those."""
        resolved = func.count(Ticket.id)
        rows = db.session.execute(
            select(
                User.id.label("agent_id"),
                User.name.label("agent_name"),
                resolved.label("tickets_resolved"),
                func.avg(Rating.score).label("avg_rating"),
                func.avg(_hours(Ticket.first_response_at)).label("avg_first_response_hours"),
                func.avg(_hours(Ticket.resolved_at)).label("avg_resolution_hours"),
            )
            .join(User, Ticket.assignee_id == User.id)
            .outerjoin(Rating, Rating.ticket_id == Ticket.id)
            .where(self.period.holds(Ticket.resolved_at))
            .group_by(User.id, User.name)
            .order_by(resolved.desc(), User.name, User.id)
            .limit(limit)
        )
        return [
            {
                **row._asdict(),
                "avg_rating": _rounded(row.avg_rating),
                "avg_first_response_hours": _rounded(row.avg_first_response_hours),
                "avg_resolution_hours": _rounded(row.avg_resolution_hours),
            }
            for row in rows
        ]

    def get_response_time_metrics(self) -> dict[str, float | None]:
        """Mean hours to the first public answer, over tickets first answered in the period, and to the
        resolution, over tickets resolved in it."""
        return {
            "avg_first_response_hours": self._mean_hours(Ticket.first_response_at),
            "avg_resolution_hours": self._mean_hours(Ticket.resolved_at),
        }

    def _mean_hours(self, column: Any) -> float | None:
        return _rounded(db.session.scalar(select(func.avg(_hours(column))).where(self.period.holds(column))))

    def _total_open(self) -> int:
        """Tickets open now."""
        return db.session.scalar(select(func.count()).select_from(Ticket).where(predicates.OPEN)) or 0

    def _total_resolved(self) -> int:
        """Tickets resolved in the period and not reopened since."""
        query = select(func.count()).select_from(Ticket).where(self.period.holds(Ticket.resolved_at))
        return db.session.scalar(query) or 0

    def _success_rate(self) -> float | None:
        """Per cent of the tickets resolved in the period that were in time and never reopened."""
        good = and_(Ticket.resolved_at < Ticket.sla_due_at, Ticket.reopened_at.is_(None))
        row = db.session.execute(
            select(func.count().label("all"), _count(good).label("good")).where(self.period.holds(Ticket.resolved_at))
        ).one()
        return _share(row.good, row.all)

    def _compliance_rate(self, now: datetime) -> float | None:
        due_by_now = and_(self.period.holds(Ticket.sla_due_at), Ticket.sla_due_at <= now)
        stopped_in_time = and_(Ticket.paused_at.is_not(None), Ticket.paused_at < Ticket.sla_due_at)
        decided = or_(Ticket.queue_due_at != FAR, Ticket.resolved_at.is_not(None), Ticket.closed_at.is_not(None))
        row = db.session.execute(
            select(func.count().label("all"), _count(stopped_in_time).label("good")).where(due_by_now, decided)
        ).one()
        return _share(row.good, row.all)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _hours(column: Any) -> ColumnElement[Any]:
    """Hours from creation to this moment, in the database's own arithmetic."""
    if is_sqlite():
        return (func.julianday(column) - func.julianday(Ticket.created_at)) * 24.0
    return extract("epoch", column - Ticket.created_at) / 3600.0


def _per_day(column: Any, period: Period) -> dict[date, int]:
    """Count by day in the period's zone. The database counts quarters of an hour, of which every zone's days
    are made, so no row travels and the zone's rules stay in one place."""
    quarter = _epoch(column).op("/")(900) if is_sqlite() else func.floor(_epoch(column) / 900)
    rows = db.session.execute(
        select(quarter.label("quarter"), func.count().label("n")).where(period.holds(column)).group_by(quarter)
    )
    found: dict[date, int] = {}
    for row in rows:
        day = datetime.fromtimestamp(int(row.quarter) * 900, UTC).astimezone(period.zone).date()
        found[day] = found.get(day, 0) + row.n
    return found


def _epoch(column: Any) -> ColumnElement[Any]:
    if is_sqlite():
        return cast(func.strftime("%s", column), Integer)
    return extract("epoch", column)


def _share(part: Any, whole: int) -> float | None:
    return round(100.0 * int(part or 0) / whole, 1) if whole else None


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 2)
