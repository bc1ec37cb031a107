"""An edge: looks a whole desk over and, when asked, mends it in small commits."""

from dataclasses import dataclass, field

from helpdesk_web.database import commit, end_reading, writing
from helpdesk_web.services import relations
from helpdesk_web.services.relations import Fault

ROUNDS = 5  # mending one thing may bring another to light: a removed message's files no longer count
BATCH = 5  # faults a commit: the write lock is held for some milliseconds


@dataclass(slots=True)
class Findings:
    """What was mended, what is left, and what will pass by itself."""

    mended: list[Fault] = field(default_factory=list)
    left: list[Fault] = field(default_factory=list)
    passing: list[Fault] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.left


def check(*, fix: bool = False) -> Findings:
    """Find every fault; with `fix` mend what can be mended, audited, and say what is left."""
    findings = Findings()
    for _round in range(ROUNDS):
        end_reading()
        found = relations.find()
        end_reading()
        findings.left = [fault for fault in found if not fault.passes]
        findings.passing = [fault for fault in found if fault.passes]
        mendable = [fault for fault in findings.left if fault.is_mendable]
        if not fix or not mendable:
            break
        for start in range(0, len(mendable), BATCH):
            _mend(mendable[start : start + BATCH])
        findings.mended += mendable
    return findings


def _mend(faults: list[Fault]) -> None:
    with writing():
        relations.mend(faults)
        commit()
    relations.tidy(faults)
