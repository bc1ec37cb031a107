"""`config`: the settings in force, and a file of the defaults to change them in."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from pydantic import BaseModel

from helpdesk_web import config as settings_module
from helpdesk_web.commands import desk, settings_file
from helpdesk_web.config import Settings
from helpdesk_web.connections import sqlite_path
from helpdesk_web.desk_settings import DeskSettings
from helpdesk_web.errors import SetupError

SECRET = {"secret_key", "audit_key", "metrics_token"}
MASK = "********"


@click.command(cls=desk.Command)
@click.option("--write", is_flag=True, help="Make a commented helpdesk.toml of the defaults.")
def config(write: bool) -> None:
    """Print the settings in force and where each comes from; secrets are masked."""
    settings = settings_module.load()
    path = settings_module.file_path(settings.data_dir)
    if write:
        _write(path)
        return
    stored = _stored(settings)
    given = _given_by_file(path)
    for name, value in flat(settings.model_dump(mode="json") | stored):
        click.echo(f"{name} = {settings_file.literal(masked(name, value))}{_origin(name, given, stored)}")


def flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting by its dotted name."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def masked(name: str, value: Any) -> Any:
    """Hide what opens something: keys whole, of addresses the password."""
    if name in SECRET and value:
        return MASK
    if not name.endswith("_url") or not isinstance(value, str) or not (password := urlsplit(value).password):
        return value
    return value.replace(f":{password}@", f":{MASK}@", 1)


def _write(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(settings_file.text())
    except FileExistsError as problem:
        raise SetupError(f"{path} is there already: it is left as it is.") from problem
    except OSError as problem:
        raise SetupError(f"{path} cannot be written: {problem.strerror}.") from problem
    click.echo(f"Wrote {path}: take away the # before what you change.")


def _stored(settings: Settings) -> dict[str, Any]:
    """What the desk's own page sets, where there is a desk that says so."""
    from helpdesk_web.services import desk as desk_service

    path = sqlite_path(settings.database)
    if path is not None and not path.is_file():
        return {}
    with desk.opened():
        in_force: BaseModel = desk_service.settings()
        return in_force.model_dump(mode="json")


def _given_by_file(path: Path) -> set[str]:
    try:
        return {name for name, _value in flat(tomllib.loads(path.read_text(encoding="utf-8")))}
    except FileNotFoundError:
        return set()


def _origin(name: str, in_file: set[str], stored: dict[str, Any]) -> str:
    variable = "HELPDESK_" + name.upper().replace(".", "__")
    part_of = "HELPDESK_" + name.partition(".")[0].upper()
    known = {key.upper() for key in os.environ}
    if variable in known or part_of in known:
        return "  # environment"
    if name in in_file:
        return "  # helpdesk.toml"
    top = name.partition(".")[0]
    if top in stored and dict(flat({top: stored[top]})) != dict(flat({top: _default(top)})):
        return "  # the desk's own page"
    return ""


def _default(name: str) -> Any:
    return DeskSettings().model_dump(mode="json")[name]
