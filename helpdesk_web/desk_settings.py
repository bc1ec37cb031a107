"""What an admin may change in the browser, with its defaults and limits (marked *desk* in docs/settings.md)."""

import json
import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_settings import NoDecode

Priority = Literal["low", "medium", "high", "urgent"]
_ONE_ADDRESS = re.compile(r"""[^\s@<>,;"]+@[^\s@<>,;"]+""")


def _listed(value: Any) -> Any:
    """Read `low, medium` as a list; an environment variable may also hold JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Listed = (NoDecode, BeforeValidator(_listed))


class Part(BaseModel):
    """Settings below a name; one that does not exist is a mistake and stops the start."""

    model_config = ConfigDict(extra="forbid")


class Target(Part):
    """Promised hours of one priority."""

    sla_hours: float = Field(gt=0, le=24 * 366)
    first_response_hours: float = Field(gt=0, le=24 * 366)


class LowTarget(Target):
    sla_hours: float = Field(72, gt=0, le=24 * 366)
    first_response_hours: float = Field(24, gt=0, le=24 * 366)


class MediumTarget(Target):
    sla_hours: float = Field(24, gt=0, le=24 * 366)
    first_response_hours: float = Field(8, gt=0, le=24 * 366)


class HighTarget(Target):
    sla_hours: float = Field(8, gt=0, le=24 * 366)
    first_response_hours: float = Field(2, gt=0, le=24 * 366)


class UrgentTarget(Target):
    sla_hours: float = Field(2, gt=0, le=24 * 366)
    first_response_hours: float = Field(1, gt=0, le=24 * 366)


class Priorities(Part):
    low: LowTarget = LowTarget()
    medium: MediumTarget = MediumTarget()
    high: HighTarget = HighTarget()
    urgent: UrgentTarget = UrgentTarget()

    def of(self, priority: str) -> Target:
        target: Target = getattr(self, priority)
        return target


class RateLimit(Part):
    enabled: bool = True
    limit: int = Field(5, ge=0, le=100_000)


class Vault(Part):
    max_file_mb: float = Field(25, gt=0, le=2048)
    max_files: int = Field(20, ge=0, le=100)
    quota_mb: float = Field(500, ge=0)
    organisation_quota_mb: float = Field(5000, ge=0)


class SessionIdleHours(Part):
    staff: float = Field(8, gt=0)
    customers: float = Field(720, gt=0)


class DeskSettings(BaseModel):
    """Everything an admin may change in the browser (marked *desk* in the docs)."""

    default_priority: Priority = "medium"
    priorities: Priorities = Priorities()
    auto_close_days: int = Field(7, ge=0, le=3650)
    reopen_days: int = Field(14, ge=0, le=3650)
    rate_limit: RateLimit = RateLimit()
    desk_name: str = Field("Support", min_length=1, max_length=80)
    time_zone: str = "UTC"
    language: str = "en"
    customer_priorities: Annotated[list[Priority], *Listed] = ["low", "medium", "high"]
    registration: Literal["open", "invited"] = "open"
    oncall_email: str | None = None
    oncall_at_once: bool = True
    escalation_team: str | None = None
    escalate_urgent_after_minutes: int = Field(60, ge=1, le=60 * 24 * 30)
    escalate_only_high_value: bool = False
    vault: Vault = Vault()
    undo_seconds: int = Field(10, ge=0, le=30)

    @field_validator("oncall_email")
    @classmethod
    def _can_be_mailed(cls, address: str | None) -> str | None:
        if address and not _ONE_ADDRESS.fullmatch(address):
            raise ValueError("give one mail address, like oncall@example.com")
        return address or None

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is not a time zone") from error
        return zone
