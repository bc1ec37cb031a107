"""Settings: environment over helpdesk.toml over the desk's own page over defaults.

`Settings` is read once at start and never changes. `DeskSettings` are the part that an admin may also
change in the browser: `services.desk.settings()` lays the stored values under what is set here.
"""

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from helpdesk_web.desk_settings import DeskSettings, Listed, SessionIdleHours
from helpdesk_web.errors import SetupError
from helpdesk_web.paths import CHECKOUT, INSTALLED


def default_data_dir() -> Path:
    """`<checkout>/var` in a checkout, the user's data directory when installed elsewhere."""
    if not INSTALLED:
        return CHECKOUT / "var"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "helpdesk"


class Settings(BaseSettings, DeskSettings):
    """All settings in force for this process; see docs/settings.md for what each does."""

    model_config = SettingsConfigDict(
        env_prefix="HELPDESK_", env_nested_delimiter="__", extra="forbid", validate_default=True
    )

    database_url: str | None = None
    database_read_url: str | None = None
    redis_url: str | None = None
    storage_url: str | None = None
    smtp_url: str | None = None
    mail_from: str | None = None
    secret_key: str | None = Field(None, min_length=16)
    audit_key: str | None = Field(None, min_length=16)
    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    web_workers: int = Field(2, ge=1, le=64)
    web_threads: int = Field(4, ge=1, le=256)
    proxy_hops: int = Field(0, ge=0, le=10)
    trusted_hosts: Annotated[list[str], *Listed] = []
    base_url: str | None = None
    session_idle_hours: SessionIdleHours = SessionIdleHours()
    metrics_token: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in ("redis", "rediss"):
            raise ValueError("give redis://host:port/number")
        return url or None

    @field_validator("base_url", "storage_url", "secret_key", "audit_key", "metrics_token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("smtp_url")
    @classmethod
    def _known_mail_server(cls, url: str | None) -> str | None:
        if url:
            from helpdesk_web.mail.deliver import Server  # not needed where nothing is mailed

            Server.at(url)
        return url or None

    @field_validator("mail_from")
    @classmethod
    def _can_send(cls, mail_from: str | None) -> str | None:
        if mail_from:
            from helpdesk_web.mail import headers

            headers.sender(mail_from, "", "localhost")
        return mail_from or None

    @field_validator("database_url", "database_read_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if not url:
            return None
        scheme, rest = url.split("://", 1) if "://" in url else ("", "")
        if scheme in ("postgres", "postgresql"):
            scheme = "postgresql+psycopg"
        if scheme not in ("postgresql+psycopg", "sqlite"):
            raise ValueError("give sqlite:///… or postgresql+psycopg://…")
        return f"{scheme}://{rest}"

    @field_validator("base_url")
    @classmethod
    def _is_an_origin(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("give it like https://help.example.com")
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _toml_file(init_settings))

    @cached_property
    def origin(self) -> str:
        """Scheme and host that every mailed link is built from; never a request's Host."""
        if self.base_url:
            return self.base_url.rstrip("/")
        host = "localhost" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def over_tls(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def hosts(self) -> list[str] | None:
        """Hosts that requests may name: the given ones, else that of `base_url`, else this machine's own."""
        if self.trusted_hosts:
            return self.trusted_hosts
        own = urlsplit(self.origin).hostname or "localhost"
        if self.host in ("0.0.0.0", "::") and not self.base_url:  # noqa: S104
            return None  # every address of this machine was asked for and no name is known
        return sorted({own, "localhost", "127.0.0.1", "[::1]", self.host})

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'helpdesk.sqlite3'}"

    @property
    def vault_dir(self) -> Path:
        if self.storage_url:
            return Path(urlsplit(self.storage_url).path)
        return self.data_dir / "vault"

    def set_here(self) -> dict[str, Any]:
        """The desk settings that environment or file set, which the browser therefore cannot change."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if name in DeskSettings.model_fields}


def _toml_file(init: PydanticBaseSettingsSource) -> Path:
    if named := os.environ.get("HELPDESK_CONFIG"):
        return Path(named)
    data_dir = init().get("data_dir") or os.environ.get("HELPDESK_DATA_DIR") or default_data_dir()
    return Path(data_dir) / "helpdesk.toml"


def file_path(data_dir: Path) -> Path:
    """Where the settings file is, or would be."""
    return Path(os.environ.get("HELPDESK_CONFIG") or data_dir / "helpdesk.toml")


def load(**overrides: Any) -> Settings:
    """Read the settings, or raise SetupError with one line that names the wrong one."""
    try:
        if (path := os.environ.get("HELPDESK_CONFIG")) and not Path(path).is_file():
            raise SetupError(f"HELPDESK_CONFIG names {path}, which is not there.")
        settings = Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise SetupError(f"Wrong setting {name}: {first['msg']}.") from error
    except ValueError as error:  # a TOML file that does not parse, or an environment value that is no JSON
        raise SetupError(f"The settings cannot be read: {error}") from error
    except OSError as error:
        raise SetupError(f"The settings file cannot be read: {error}") from error
    if settings.storage_url and not settings.storage_url.startswith("file://"):
        raise SetupError("Wrong setting storage_url: only file:// is supported.")
    if sys.version_info < (3, 11):  # noqa: UP036
        raise SetupError("Python 3.11 or newer is needed.")
    return settings
