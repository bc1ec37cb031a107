"""The real servers of a run: one PostgreSQL and one Valkey, shared by all workers.

The controller of a parallel run starts them before its workers and hands the addresses on by environment;
a run in one process starts each when the first test needs it. Where a machine has neither wheel nor address
the tests that need the server are skipped, with the reason in the summary.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, valkey

POSTGRES, VALKEY = "RUN_POSTGRES_URL", "RUN_VALKEY_URL"
_running: list[Any] = []
_folder: list[tempfile.TemporaryDirectory[str]] = []


def start(config: pytest.Config) -> None:
    if getattr(config, "workerinput", None) is None and getattr(config.option, "numprocesses", None):
        with suppress(pytest.skip.Exception):
            postgres_url()
        with suppress(pytest.skip.Exception):
            valkey_url()


def stop(config: pytest.Config) -> None:
    if getattr(config, "workerinput", None) is None:
        while _running:
            _running.pop().stop()
        while _folder:
            _folder.pop().cleanup()
        for name in (POSTGRES, VALKEY):
            os.environ.pop(name, None)


def postgres_url(database: str = "postgres") -> str:
    """The address of a database on the run's PostgreSQL."""
    return _postgres().url(database)


def new_database(name: str) -> str:
    """An empty database of this name; one that is left from before goes."""
    server = _postgres()
    server.drop(name)
    return server.create(name)


def valkey_url() -> str:
    if VALKEY not in os.environ:
        try:
            server = valkey.start()
        except valkey.ValkeyMissingError as problem:
            pytest.skip(str(problem))
        _running.append(server)
        os.environ[VALKEY] = server.url
    return os.environ[VALKEY]


def _postgres() -> postgres.PostgresServer:
    if POSTGRES not in os.environ:
        try:
            server = postgres.start(_directory())
        except postgres.PostgresMissingError as problem:
            pytest.skip(str(problem))
        _running.append(server)
        os.environ[POSTGRES] = server.base_url
    return postgres.connect(os.environ[POSTGRES])


def _directory() -> Path:
    _folder.append(tempfile.TemporaryDirectory(prefix="helpdesk-servers-"))
    return Path(_folder[-1].name)
