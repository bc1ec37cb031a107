"""What can go wrong in the product's own words: each message is fit for the person who caused it."""

from typing import Any

from flask_babel import gettext as _


class SupportError(Exception):
    """Something the person can understand and act on.

    The usual sentence is made when it is shown: its language may have to be asked of the very database that
    does not answer.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return self.message

    def default(self) -> str:
        return _("That did not work.")

    @property
    def message(self) -> str:
        return str(self.args[0] or self.default())


class InvalidInput(SupportError):
    """A value that cannot be stored; `field` names the one to mend."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class SupportRateLimitError(SupportError):
    """Too many tickets; `retry_after` is in seconds."""

    def __init__(self, retry_after: int, message: str = "") -> None:
        self.retry_after = retry_after
        super().__init__(message)

    def default(self) -> str:
        return _("You have sent several requests within the hour. Please wait a little.")


class CategoryNotFound(SupportError):
    field = "category_id"

    def default(self) -> str:
        return _("Please choose what it is about.")


class ReferenceIdExists(SupportError):
    def default(self) -> str:
        return _("No free reference could be found. Please try again.")


class TransitionError(SupportError):
    def default(self) -> str:
        return _("That is not possible in the ticket's present state.")


class QuotaExceeded(SupportError):
    def default(self) -> str:
        return _("There is no room left for this file.")


class StorageFull(SupportError):
    """The disk takes no more files; what was typed is kept and the desk goes on."""

    retry_after = 600

    def default(self) -> str:
        return _("There is no space left for files. Please try again later, or send it without them.")


class DiskFull(StorageFull):
    """The database itself has no room left."""

    def default(self) -> str:
        return _("There is no space left on the desk’s disk. Please try again later.")


class NotAllowed(SupportError):
    def default(self) -> str:
        return _("You may not do that.")


class Stale(SupportError):
    """Someone changed it meanwhile; `changes` tells what, for the 409 page."""

    def __init__(self, message: str = "", changes: Any = None) -> None:
        super().__init__(message)
        self.changes = changes

    def default(self) -> str:
        return _("This was changed meanwhile.")


class Busy(SupportError):
    """The database's write lock was not free in time."""

    retry_after = 2

    def default(self) -> str:
        return _("The desk is busy. Please try again in a moment.")


class Unavailable(Busy):
    """The database does not answer."""

    retry_after = 5

    def default(self) -> str:
        return _("The desk cannot be reached at the moment. Please try again.")


class SetupError(Exception):
    """A start that cannot go on; the message is one line that says what to do."""
