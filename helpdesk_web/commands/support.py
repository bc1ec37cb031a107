"""`support`: what an operator asks and mends from a terminal or a timer."""

import sys
from typing import TYPE_CHECKING, Any

import click

from helpdesk_web.commands import desk

if TYPE_CHECKING:
    from helpdesk_web.services.relations import Fault


@click.group(cls=desk.Group)
def support() -> None:
    """Close what is resolved long enough, show today's figures, mend broken relations."""


@support.command("auto-close")
def auto_close() -> None:
    """Close the tickets that were resolved `auto_close_days` ago or earlier."""
    from helpdesk_web.jobs import periodic

    with desk.opened():
        closed = periodic.close_resolved()
    click.echo(f"Closed {closed} {'ticket' if closed == 1 else 'tickets'}.")


@support.command()
def stats() -> None:
    """Print today's figures."""
    from helpdesk_web.queries.analytics import Analytics, Period

    with desk.opened():
        today = Analytics(Period.last_days(1))
        figures = today.get_dashboard()
    for name, value in _lines(figures):
        click.echo(f"{name:<28} {value}")


@support.command("fix-relations")
@click.option("--fix", is_flag=True, help="Mend what is found.")
def fix_relations(fix: bool) -> None:
    """Find orphaned rows and dangling files; exits 1 if something is left."""
    from helpdesk_web import relations

    with desk.opened():
        findings = relations.check(fix=fix)
    _print(findings.mended, "Mended:")
    _print(findings.left, "Left:" if fix else "Found:")
    _print(findings.passing, "Passing by itself:")
    if not (findings.mended or findings.left):
        click.echo("Everything fits together.")
    sys.exit(0 if findings.is_sound else 1)


def _print(faults: "list[Fault]", heading: str) -> None:
    if faults:
        click.echo("\n".join([heading, *(f"  {fault}" for fault in faults)]))


def _lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    today, sla = figures["daily_trends"][-1], figures["sla_metrics"]
    times = figures["response_times"]
    return [
        ("Created today", str(today["created"])),
        ("Resolved today", str(today["resolved"])),
        ("Open now", str(figures["total_open"])),
        ("Late now", str(sla["breached"])),
        ("Due soon", str(sla["at_risk"])),
        ("First answer, mean hours", _shown(times["avg_first_response_hours"])),
        ("Resolution, mean hours", _shown(times["avg_resolution_hours"])),
        ("Targets met, per cent", _shown(sla["compliance_rate"])),
        ("Success rate, per cent", _shown(figures["success_rate"])),
    ]


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
