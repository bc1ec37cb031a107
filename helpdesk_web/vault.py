"""The vault for Python callers and the worker: what accounts use, and the sweep of bytes nobody refers to.

An edge like `support`: each call is one service call and one commit.
"""

from helpdesk_web.database import commit, db, end_reading, writing
from helpdesk_web.models import TrackedUpload
from helpdesk_web.services import quota, vault

__all__ = ["Account", "for_account", "sweep_orphans"]


class Account:
    """The room of one account."""

    def __init__(self, user_id: int) -> None:
        self._user_id = user_id

    def track_upload(self, path: str, size: int) -> TrackedUpload:
        """Count a file of `size` bytes that is kept elsewhere; QuotaExceeded when there is no room for it."""
        with writing():
            upload = vault.track(self._user_id, path, size)
            commit()
        return upload

    def get_usage(self) -> int:
        """Bytes that count against the account's quota."""
        if not db.session().info.get("writing"):
            end_reading()
        return quota.usage(self._user_id)


def for_account(user_id: int) -> Account:
    """Begin with an account: `for_account(user_id).track_upload(path, size)`, `.get_usage()`."""
    return Account(user_id)


def sweep_orphans() -> int:
    """Remove the bytes that no message has referred to for a day; returns how many files went.

    Rows go first: a crash between leaves a file without a row, which the next sweep finds.
    """
    while True:
        with writing():
            forgotten = vault.forget_unused_blobs()
            commit()
        if not forgotten:
            return vault.remove_unknown_files()
