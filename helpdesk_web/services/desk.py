"""The desk's own settings: what admins changed in the browser, under environment and file."""

import time
from typing import Any, NamedTuple

from flask import current_app
from pydantic import ValidationError
from sqlalchemy import select

from helpdesk_web import clock
from helpdesk_web.config import Settings
from helpdesk_web.database import db
from helpdesk_web.desk_settings import DeskSettings
from helpdesk_web.errors import InvalidInput
from helpdesk_web.models import Desk, StoredSetting, User
from helpdesk_web.services import audit

FRESH_SECONDS = 1.0


class _Kept(NamedTuple):
    settings: DeskSettings
    read_at: float


def boot() -> Settings:
    """The settings this process was started with."""
    started_with: Settings = current_app.config["HELPDESK"]
    return started_with


def settings() -> DeskSettings:
    """The desk settings in force; another process's change is seen within `FRESH_SECONDS`."""
    kept: _Kept | None = current_app.extensions.get("desk_settings")
    if kept is None or time.monotonic() - kept.read_at > FRESH_SECONDS:
        query = select(StoredSetting.name, StoredSetting.value)
        stored = {row.name: row.value for row in db.session.execute(query)}
        found = DeskSettings.model_validate(_merged(stored, boot().set_here()))
        kept = current_app.extensions["desk_settings"] = _Kept(found, time.monotonic())
    return kept.settings


def forget() -> None:
    """Read the settings again when they are next asked for."""
    current_app.extensions.pop("desk_settings", None)


def hold() -> None:
    """Make do with the settings known so far: the database may not be there to ask."""
    kept: _Kept | None = current_app.extensions.get("desk_settings")
    current_app.extensions["desk_settings"] = _Kept(kept.settings if kept else boot(), time.monotonic())


def change(name: str, value: Any, *, by: User | int | None) -> None:
    """Store one desk setting; InvalidInput when the value is wrong or the start has set it."""
    if name not in DeskSettings.model_fields:
        raise InvalidInput(f"There is no setting {name}.", field=name)
    if name in boot().set_here():
        raise InvalidInput(f"{name} is set by the environment or helpdesk.toml.", field=name)
    try:
        clean = DeskSettings.model_validate({name: value}).model_dump(mode="json")[name]
    except ValidationError as error:
        raise InvalidInput(error.errors()[0]["msg"], field=name) from error
    desk = db.session.scalars(select(Desk).with_for_update()).one()
    row = db.session.get(StoredSetting, name)
    before = row.value if row else None
    if row is None:
        row = StoredSetting(name=name)
        db.session.add(row)
    row.value, row.changed_at = clean, clock.now()
    row.changed_by_id = by.id if isinstance(by, User) else by
    audit.record(desk, by, "setting.changed", {"name": name, "from": before, "to": clean})
    db.session.flush()
    forget()


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
