"""The worker: one loop over the job table, for mail and for everything that happens later or by the clock."""

from helpdesk_web.jobs import handlers, mailing, periodic
from helpdesk_web.jobs.loop import run_due, run_worker

__all__ = ["handlers", "mailing", "periodic", "run_due", "run_worker"]
