"""`demo`: a desk full of lifelike data, for looking around and for measuring."""

import sys
import time

import click

from helpdesk_web import listening, server
from helpdesk_web.commands import desk
from helpdesk_web.commands.serving import is_loopback
from helpdesk_web.config import load
from helpdesk_web.demo import filling, staff
from helpdesk_web.errors import SetupError

TICKETS = 2000


@click.command(cls=desk.Command)
@click.option("--tickets", default=TICKETS, show_default=True, type=click.IntRange(1, 5_000_000))
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same desk.")
@click.option("--serve", is_flag=True, help="Then serve it, as `run` would.")
def demo(tickets: int, seed: int, serve: bool) -> None:
    """Fill an empty desk with lifelike tickets and print who can sign in; a filled one stays as it is."""
    wanted = load()
    if not is_loopback(wanted.host):
        raise SetupError(f"A demo desk is served on 127.0.0.1 only, not on {wanted.host}: unset HELPDESK_HOST.")
    if serve:
        listening.require_port(wanted.host, wanted.port)
    with desk.made() as settings:
        if not filling.is_demo():
            if not filling.is_empty():
                raise SetupError(
                    f"the desk in {settings.data_dir} is in use: a demo needs a HELPDESK_DATA_DIR of its own"
                )
            _fill(tickets, seed)
        _print_sign_ins(settings.origin)
    if serve:
        sys.exit(server.serve(settings, web=True, worker=True))


def _fill(tickets: int, seed: int) -> None:
    start = time.perf_counter()
    click.echo(f"Filling the demo desk with {tickets:,} tickets …")
    filling.fill(tickets, seed)
    seconds = time.perf_counter() - start
    click.echo(f"Done in {seconds:.1f} s, {tickets / seconds:,.0f} tickets a second.")


def _print_sign_ins(origin: str) -> None:
    click.echo(f"\nSign in at {origin}/login with the password {staff.PASSWORD}\n")
    for person in staff.PRINTED:
        click.echo(f"    {person.email:<20} {person.role}")
    click.echo()
