"""One thing that is not as it must be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpdesk_web.database import db
from helpdesk_web.services.audit import Audited

# Mends it inside the caller's transaction; returns whose history tells of it, None for the desk's.
Cure = Callable[[], Audited | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` is one of a few slugs, `what` names the row or file and what is wrong with it."""

    kind: str
    what: str
    cure: Cure | None = None  # None: nothing can be done without losing or inventing something
    afterwards: Callable[[], object] | None = None  # files go only after the commit
    passes: bool = False  # a normal state that ends by itself; worth a line, not an alarm

    @property
    def is_mendable(self) -> bool:
        return self.cure is not None

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def running(statement: Any) -> Cure:
    """A cure that is one statement."""

    def run() -> None:
        db.session.execute(statement)

    return run
