"""The first page of figures: the last 30 days at a glance."""

import datetime as dt
from typing import Any

from babel.dates import format_date
from flask import Response
from flask_babel import get_locale
from flask_babel import gettext as _

from helpdesk_web.blueprints.analytics import bp
from helpdesk_web.database import read_from_replica
from helpdesk_web.models.user import initials
from helpdesk_web.queries.analytics import DAYS, Analytics
from helpdesk_web.web import answer


@bp.get("/")
def overview() -> Response:
    read_from_replica()
    figures = Analytics()
    stats = figures.get_dashboard()
    days = [_day(day) for day in stats["daily_trends"]]
    return answer(
        "analytics/overview.html",
        period=_("%(n)s days, %(first)s to %(last)s", n=DAYS, first=days[0]["label"], last=days[-1]["label"]),
        tiles=_tiles(stats),
        days=days,
        trend=_trend(days),
        agents=[agent | {"agent_initials": initials(agent["agent_name"])} for agent in stats["agent_performance"]],
        zone=figures.period.zone.key,
    )


def _tiles(stats: dict[str, Any]) -> list[dict[str, Any]]:
    """The strip of figures; each leads to what it counted, and says how it is counted."""
    sla, times = stats["sla_metrics"], stats["response_times"]
    return [
        {
            "label": _("Open now"),
            "value": stats["total_open"],
            "unit": "",
            "href": "/console/queues/all-open",
            "note": _("%(n)s late", n=sla["breached"]),
            "note_href": "/console/queues/breached",
            "worse": sla["breached"] > 0,
        },
        {
            "label": _("Due soon"),
            "value": sla["at_risk"],
            "unit": "",
            "href": "/console/queues/due-soon",
            "note": _("in the last fifth of their time"),
        },
        {
            "label": _("Resolved"),
            "value": stats["total_resolved"],
            "unit": "",
            "note": _("and not reopened since"),
        },
        {"label": _("First answer"), **_hours(times["avg_first_response_hours"]), "note": _("mean")},
        {"label": _("Resolution"), **_hours(times["avg_resolution_hours"]), "note": _("mean")},
        {
            "label": _("Kept promises"),
            **_per_cent(sla["compliance_rate"]),
            "note": _("of targets due"),
        },
        {
            "label": _("Solved at once"),
            **_per_cent(stats["success_rate"]),
            "note": _("in time and not reopened"),
        },
    ]


def _hours(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"value": "–", "unit": ""}
    if value < 1:
        return {"value": round(value * 60), "unit": _("min")}
    return {"value": f"{value:.1f}" if value < 10 else f"{value:.0f}", "unit": _("h")}


def _per_cent(value: float | None) -> dict[str, Any]:
    return {"value": "–", "unit": ""} if value is None else {"value": f"{value:g}", "unit": "%"}


def _day(day: dict[str, Any]) -> dict[str, Any]:
    date = dt.date.fromisoformat(day["date"])
    label = format_date(date, "d MMM", locale=get_locale())
    return day | {"label": label, "weekend": date.weekday() >= 5}


def _trend(days: list[dict[str, Any]]) -> dict[str, Any]:
    """What the chart's script reads."""
    return {
        "labels": [day["label"] for day in days],
        "weekends": [day["weekend"] for day in days],
        "series": [
            {"name": _("created"), "hue": "blue", "values": [day["created"] for day in days]},
            {"name": _("resolved"), "hue": "green", "values": [day["resolved"] for day in days]},
        ],
    }
