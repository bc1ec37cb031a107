"""Fixtures for tests of mail."""

from tests.mailbox import mailbox

__all__ = ["mailbox"]
