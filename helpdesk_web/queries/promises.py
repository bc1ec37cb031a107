"""How a promise reads: state, words and the share of time that is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

from helpdesk_web.i18n import duration, per_language


@dataclass(frozen=True, slots=True)
class Promise:
    """state: running, soon, late, paused, met or none; share: per cent of the target that is left."""

    state: str
    text: str
    share: int


NONE = Promise("none", "", 0)


def of_row(
    *,
    is_open: bool,
    due_at: datetime,
    warn_at: datetime,
    paused_at: datetime | None,
    hours: float,
    now: datetime,
) -> Promise:
    """Tell the resolution promise of one ticket in a list."""
    if not is_open:
        return NONE
    stop = paused_at or now
    if stop >= due_at:
        return Promise("late", _late(short(stop - due_at)), 100)
    share = max(0, min(100, round(100 * (due_at - stop) / timedelta(hours=hours))))
    if paused_at:
        return Promise("paused", _paused(), share)
    if now >= warn_at:
        return Promise("soon", _due(short(due_at - now)), share)
    return Promise("running", _left(short(due_at - now)), share)


def short(span: timedelta) -> str:
    """The largest unit alone: rows have room for one."""
    return _short(int(span.total_seconds() // 60))


@per_language
def _short(minutes: int) -> str:
    if minutes < 60:
        return _("%(n)s min", n=max(1, minutes))
    if minutes < 48 * 60:
        return _("%(n)s h", n=minutes // 60)
    return duration(timedelta(days=minutes // (24 * 60)))


@per_language
def _late(time: str) -> str:
    return _("late by %(time)s", time=time)


@per_language
def _due(time: str) -> str:
    return _("due in %(time)s", time=time)


@per_language
def _left(time: str) -> str:
    return _("%(time)s left", time=time)


@per_language
def _paused() -> str:
    return _("paused")
