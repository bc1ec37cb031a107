"""`run`, `web`, `worker`: what serves; `migrate`: what prepares it."""

import sys
from ipaddress import ip_address

import click

from helpdesk_web import listening, migrating, server
from helpdesk_web.commands import desk
from helpdesk_web.config import Settings
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import SetupError


@click.command(cls=desk.Command)
def run() -> None:
    """Make the desk if need be, migrate it, and serve web and worker together."""
    with desk.made() as settings:
        _require_safe_address(settings)
        listening.require_port(settings.host, settings.port)  # before a link that works is replaced
        link = _setup_link()
    if link:
        click.echo(f"This desk has no admin yet. Open this link, once, within a day:\n\n    {link}\n")
    sys.exit(server.serve(settings, web=True, worker=True))


@click.command(cls=desk.Command)
def web() -> None:
    """Serve the web alone; as many machines as wanted may."""
    with desk.opened() as settings:
        _require_safe_address(settings)
    sys.exit(server.serve(settings, web=True, worker=False))


@click.command(cls=desk.Command)
def worker() -> None:
    """Send mail and do later work alone; as many as wanted may."""
    with desk.opened() as settings:
        pass
    sys.exit(server.serve(settings, web=False, worker=True))


@click.command(cls=desk.Command)
def migrate() -> None:
    """Bring the desk's database to this version, after a copy of the data."""
    with desk.opened(current=False) as settings:
        changed = migrating.upgrade(settings)
    click.echo("The desk is now of this version." if changed else "The desk was of this version already.")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _require_safe_address(settings: Settings) -> None:
    """Anybody knows a demo desk's passwords."""
    from helpdesk_web.demo import filling

    if not is_loopback(settings.host) and filling.is_demo():
        raise SetupError(f"A demo desk is served on 127.0.0.1 only, not on {settings.host}: unset HELPDESK_HOST.")


def _setup_link() -> str | None:
    from helpdesk_web.services import accounts, invitations

    if accounts.has_admin():
        return None
    with writing():
        link = invitations.setup_link()
        commit()
    return link
