"""The reader's language and zone, and how times, sizes and durations read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache, wraps
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from flask import Flask, g, has_request_context, request
from flask_babel import force_locale, get_locale, get_timezone, get_translations, ngettext
from flask_babel import gettext as _
from flask_login import current_user

from helpdesk_web import clock
from helpdesk_web.extensions import babel
from helpdesk_web.paths import PACKAGE
from helpdesk_web.services import desk

LANGUAGES = ["en"]


def bind(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(PACKAGE / "translations")
    babel.init_app(app, locale_selector=_language, timezone_selector=_zone)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: translations().ugettext(words),
        lambda one, many, number: translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals["page_locale"] = get_locale
    for name, show in FILTERS.items():
        app.jinja_env.filters[name] = show


def _language() -> str:
    chosen = getattr(current_user, "language", None) if has_request_context() else None
    if chosen in LANGUAGES:
        return str(chosen)
    own = desk.settings().language
    if has_request_context():
        return request.accept_languages.best_match(LANGUAGES) or own
    return own


def _zone() -> str:
    chosen = getattr(current_user, "zone", None) if has_request_context() else None
    return chosen or desk.settings().time_zone


class Reader(NamedTuple):
    """Who a page is written for."""

    zone: ZoneInfo
    locale: Locale


def reader() -> Reader:
    """Return the reader's zone and language, found once a request: lists ask for them hundreds of times."""
    if not has_request_context():
        return _reader()
    if "reader" not in g:
        g.reader = _reader()
    found: Reader = g.reader
    return found


def _reader() -> Reader:
    return Reader(ZoneInfo(str(get_timezone() or UTC)), get_locale() or Locale("en"))


def translations() -> Any:
    """The reader's words, found once a request: a page says a hundred of them."""
    if not has_request_context():
        return get_translations()
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Write for somebody else than who asks: a mail in its reader's language."""
    kept = {name: g.pop(name) for name in ("reader", "translations") if name in g}
    try:
        with force_locale(language):
            yield
    finally:
        for name in ("reader", "translations"):
            g.pop(name, None)
        for name, value in kept.items():
            setattr(g, name, value)


Words = Callable[..., str]


def per_language(say: Words) -> Words:
    """Remember what a function says for the same arguments, language by language."""
    remembered = lru_cache(maxsize=8192)(lambda _locale, *facts: say(*facts))
    return wraps(say)(lambda *facts: remembered(reader().locale, *facts))


def zone_of(moment: datetime) -> datetime:
    """Return the moment in the reader's zone."""
    return moment.astimezone(reader().zone)


def moment_short(moment: datetime) -> str:
    """How long ago, in a word or two: "26 min", "yesterday", "3 May"."""
    now = clock.now()
    seconds = int((now - moment).total_seconds())
    if seconds < 3600:
        return _minutes(max(0, seconds) // 60)
    zone = reader().zone
    days = (now.astimezone(zone).date() - moment.astimezone(zone).date()).days
    if days == 0 or seconds < 12 * 3600:
        return _hours(seconds // 3600)
    return _days(days) if days < 7 else _day(moment)


@per_language
def _minutes(number: int) -> str:
    return _("%(n)s min", n=number) if number else _("now")


@per_language
def _hours(number: int) -> str:
    return _("%(n)s h", n=number)


@per_language
def _days(number: int) -> str:
    return _("yesterday") if number == 1 else ngettext("%(num)s day", "%(num)s days", number)


def moment_ago(moment: datetime) -> str:
    """The same where customers read it: "26 min ago", "yesterday", "3 May"."""
    words = moment_short(moment)
    is_span = clock.now() - moment < timedelta(days=6) and words not in (_minutes(0), _days(1))
    return _("%(time)s ago", time=words) if is_span else words


def moment_long(moment: datetime) -> str:
    """Day and clock: "today 09:06", "yesterday 09:44", "3 May 14:00"."""
    local = zone_of(moment)
    clock_time = format_time(local, "HH:mm", locale=get_locale())
    days = (zone_of(clock.now()).date() - local.date()).days
    if days == 0:
        return _("today %(time)s", time=clock_time)
    if days == 1:
        return _("yesterday %(time)s", time=clock_time)
    return f"{_day(moment)} {clock_time}"


def moment_full(moment: datetime) -> str:
    """The exact time in the reader's zone, for a tooltip."""
    zone, locale = reader()
    return _exact(moment.astimezone(zone), zone.key, locale)


@lru_cache(maxsize=8192)
def _exact(local: datetime, _zone: str, locale: Locale) -> str:
    """Lists show the same moments again and again; the zone is named, as one moment is equal in all of them."""
    return str(format_datetime(local, "d MMMM yyyy, HH:mm:ss zzz", locale=locale))


def filesize(size: int) -> str:
    """ "940 kB", "1.2 MB": decimal units, as people's systems show them."""
    if size < 1000:
        return _("%(n)s bytes", n=size)
    units, value = ["GB", "MB", "kB"], size / 1000
    while value >= 1000 and len(units) > 1:
        units.pop()
        value /= 1000
    unit = units[-1]
    return f"{value:.0f} {unit}" if value >= 100 or unit == "kB" else f"{value:.1f} {unit}"


def duration(span: timedelta | float) -> str:
    """A span in its two largest units: "1 h 40 min", "3 days 2 h", "42 min"."""
    seconds = abs(span.total_seconds() if isinstance(span, timedelta) else span)
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(n)s min", n=minutes)
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return _("%(h)s h %(m)s min", h=hours, m=rest) if rest and hours < 10 else _("%(h)s h", h=hours)
    days, rest = divmod(minutes // 60, 24)
    word = ngettext("%(num)s day", "%(num)s days", days)
    return f"{word} {_('%(h)s h', h=rest)}" if rest and days < 10 else word


def _day(moment: datetime) -> str:
    local = zone_of(moment)
    same_year = local.year == zone_of(clock.now()).year
    return str(format_date(local.date(), "d MMM" if same_year else "d MMM yyyy", locale=get_locale()))


def _isoformat(moment: datetime) -> str:
    return moment.isoformat()


FILTERS: dict[str, Any] = {
    "moment_short": moment_short,
    "moment_ago": moment_ago,
    "moment_long": moment_long,
    "moment_full": moment_full,
    "filesize": filesize,
    "duration": duration,
    "isoformat": _isoformat,
}
