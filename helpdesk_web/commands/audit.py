"""`audit`: whether the records are as they were written."""

import click

from helpdesk_web.commands import desk


@click.group(cls=desk.Group)
def audit() -> None:
    """Check the audit."""


@audit.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Walk every chain and seal; exits 1 and names the first bad record."""
    from helpdesk_web import audit as service

    with desk.opened():
        verdict = service.verify()
        click.echo(str(verdict))
    ctx.exit(0 if verdict else 1)
