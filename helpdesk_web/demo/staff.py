"""Who works at the demo desk, in which teams, and whose sign-ins are printed."""

from dataclasses import dataclass

from helpdesk_web.demo import content
from helpdesk_web.models import Role

PASSWORD = "helpdesk-demo"  # noqa: S105 (printed for everyone; such a desk is served on loopback only)


@dataclass(frozen=True, slots=True)
class Member:
    """One person with a sign-in; `teams` maps the teams they answer for to how much of its work they take."""

    name: str
    email: str
    role: Role
    teams: dict[str, int]


PRINTED = (
    Member("Ada Okonkwo-Lindqvist", "ada@example.com", Role.ADMIN, {}),
    Member("Sam Ferreira", "sam@example.com", Role.SUPERVISOR, {"Front desk": 1, "People and contracts": 2}),
    Member("Alex Moreau", "alex@example.com", Role.AGENT, {"Front desk": 5, "Workshop": 3}),
    Member("Kim Nakamura", "kim@example.com", Role.AGENT, {"Front desk": 4, "Billing": 2, "Dealers": 1}),
    Member("Carol Whitcombe", "carol@example.com", Role.CUSTOMER, {}),
    Member("Carl Østergaard", "carl@example.com", Role.CUSTOMER, {}),
)


def members() -> tuple[Member, ...]:
    """Everybody with a sign-in, those whose sign-ins are printed first."""
    colleagues = (Member(one.name, one.email, Role(one.role), {one.team: 4}) for one in content.colleagues())
    return (*PRINTED, *colleagues)
