"""The program: `helpdesk …`, and the same commands under `flask --app wsgi …`."""

import click
from flask import Flask

from helpdesk_web.commands import audit, config, demo, serving, support, user

COMMANDS: tuple[click.Command, ...] = (
    serving.run,
    serving.web,
    serving.worker,
    serving.migrate,
    demo.demo,
    support.support,
    user.user,
    audit.audit,
    config.config,
)


@click.group(commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="helpdesk-web", prog_name="helpdesk")
def main() -> None:
    """A calm, fast, self-hosted helpdesk. Settings come from HELPDESK_… and helpdesk.toml: `helpdesk config`."""


def bind(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
