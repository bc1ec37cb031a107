"""`user`: accounts from the terminal, for whoever keeps the machine."""

import sys

import click

from helpdesk_web.commands import desk
from helpdesk_web.database import commit, writing
from helpdesk_web.errors import InvalidInput
from helpdesk_web.models import Role, User


@click.group(cls=desk.Group)
def user() -> None:
    """Create accounts and make sign-in links."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.CUSTOMER.value)
@click.option("--name", default="", help="What to call the person; from the address if not given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email: str, role: str, name: str, password_stdin: bool) -> None:
    """Make an account whose address you vouch for."""
    from helpdesk_web.services import accounts, passwords
    from helpdesk_web.services import desk as desk_service
    from helpdesk_web.services.names import clean_address

    with desk.opened():
        address = clean_address(email)
        password = _password(password_stdin)
        about = (address, name, desk_service.settings().desk_name)
        if objection := passwords.objection(password, about=about):
            raise InvalidInput(objection, field="password")
        hashed = passwords.hash_password(password)
        with writing():
            made = accounts.create_user(address, role=Role(role), name=name, password_hash=hashed)
            commit()
    click.echo(f"{made.email} can sign in as {made.role.value}.")


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a link that signs this person in once, within ten minutes."""
    from helpdesk_web.services import accounts

    with desk.opened():
        known = _known(email)
        with writing():
            address = accounts.signin_link(known)
            commit()
    click.echo(address)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _known(email: str) -> User:
    from helpdesk_web.services import accounts

    if (found := accounts.find(email)) is None:
        raise InvalidInput(f"Nobody here has the address {email}.", field="email")
    return found
