"""Fixtures for tests of the worker."""

from tests.mailbox import mailbox

__all__ = ["mailbox"]
