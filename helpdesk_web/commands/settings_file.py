"""The text of a new helpdesk.toml: every setting with its default, commented out."""

import json
from collections.abc import Iterator
from typing import Any

from helpdesk_web.config import Settings
from helpdesk_web.desk_settings import DeskSettings

HEAD = """\
# Settings of this desk. A line counts once the # before it is taken away. Environment variables
# (HELPDESK_PORT=8080, nested ones with two underscores: HELPDESK_VAULT__QUOTA_MB=200) go before this file,
# and this file goes before what an admin sets on the desk's own page in the browser.
"""
IN_BROWSER = "# ---- What an admin may also change in the browser; set here, it can be changed here only ----"
AT_START = "# ---- What is read once, at the start ----"

# Where there is no default an example stands in its place.
EXAMPLES: dict[str, Any] = {
    "oncall_email": "oncall@example.com",
    "escalation_team": "workshop",
    "database_url": "postgresql+psycopg://helpdesk:password@localhost/helpdesk",
    "database_read_url": "postgresql+psycopg://helpdesk:password@replica/helpdesk",
    "redis_url": "redis://localhost:6379/0",
    "storage_url": "file:///srv/helpdesk/vault",
    "smtp_url": "smtp+starttls://user:password@mail.example.com:587",
    "mail_from": "Support <help@example.com>",
    "secret_key": "at least 16 random characters",
    "audit_key": "at least 16 random characters",
    "data_dir": "/srv/helpdesk",
    "base_url": "https://help.example.com",
    "metrics_token": "a long random word",
}
ABOUT = {
    "default_priority": "of a request whose customer chose none",
    "priorities": "promised hours of each priority: to the resolution, and to the first answer",
    "auto_close_days": "a resolved request closes after so many days; 0 turns it off",
    "reopen_days": "so long a customer may reopen a closed request",
    "rate_limit": "requests a customer may open within an hour",
    "desk_name": "what customers read at the top",
    "time_zone": "of the desk; people may choose their own",
    "language": "of mails and of readers who chose none",
    "customer_priorities": "what customers may choose from; [] and they do not choose",
    "registration": '"open", or "invited": only who was invited gets in',
    "oncall_email": "who hears of urgent requests",
    "oncall_at_once": "at once, not only when one waits too long",
    "escalation_team": "the team that gets urgent requests nobody answers",
    "escalate_urgent_after_minutes": "without an answer",
    "escalate_only_high_value": "only for organisations marked so",
    "vault": "megabytes a file, files a message, megabytes a customer and an organisation",
    "undo_seconds": "how long an answer can be taken back before it leaves",
    "database_url": "none: an SQLite file in data_dir",
    "database_read_url": "a replica for figures",
    "redis_url": "none: counted in a small file, for one machine",
    "storage_url": "where attachments lie; none: data_dir/vault",
    "smtp_url": "none: mail is kept and shown, never sent",
    "mail_from": "the address mails come from",
    "secret_key": "made once in data_dir/keys; several machines need one they share",
    "audit_key": "the same, for the audit",
    "data_dir": "everything the desk keeps on this machine",
    "host": "0.0.0.0 listens on every address",
    "port": "",
    "web_workers": "processes that serve",
    "web_threads": "requests at once in each",
    "proxy_hops": "reverse proxies in front whose X-Forwarded headers are believed",
    "trusted_hosts": "names the desk answers to; [] and it is that of base_url",
    "base_url": "how the desk is reached; every mailed link begins with it",
    "session_idle_hours": "unused so long, a session ends",
    "metrics_token": "lets others than this machine read /metrics",
    "log_level": "debug, info, warning or error",
}


def text() -> str:
    """Return the whole file."""
    of_start = [name for name in Settings.model_fields if name not in DeskSettings.model_fields]
    parts = [HEAD, IN_BROWSER, "", *_block(DeskSettings.model_fields), AT_START, "", *_block(of_start)]
    return "\n".join(parts)


def literal(value: Any) -> str:
    """Return a value as TOML writes it."""
    return '""' if value is None else json.dumps(value, ensure_ascii=False)


def _block(names: Any) -> Iterator[str]:
    defaults = Settings.model_construct().model_dump(mode="json")
    for name in names:
        if about := ABOUT[name]:
            yield f"# {name}: {about}"
        yield from _lines(name, EXAMPLES.get(name, defaults[name]))
        yield ""


def _lines(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _lines(f"{name}.{part}", inner)
    else:
        yield f"#{name} = {literal(value)}"
