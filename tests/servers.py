"""The real servers of a run: one PostgreSQL and one Valkey, shared by all workers.

The controller of a parallel run starts them before its workers and hands the addresses on by environment;
a run in one process starts each when the first test needs it.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

POSTGRES, VALKEY = "RUN_POSTGRES_URL", "RUN_VALKEY_URL"
_running: list[Any] = []
_folder: list[tempfile.TemporaryDirectory[str]] = []


def start(config: pytest.Config) -> None:
    if getattr(config, "workerinput", None) is None and getattr(config.option, "numprocesses", None):
        postgres_url()
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
    if POSTGRES not in os.environ:
        from tests import postgres

        server = postgres.start(_directory())
        _running.append(server)
        os.environ[POSTGRES] = server.url("postgres")
    return os.environ[POSTGRES].replace("/postgres", f"/{database}", 1)


def valkey_url() -> str:
    if VALKEY not in os.environ:
        from tests import valkey

        server = valkey.start()
        _running.append(server)
        os.environ[VALKEY] = server.url
    return os.environ[VALKEY]


def new_database(name: str) -> str:
    """An empty database of this name; one that is left from before goes."""
    address = postgres_url().replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return postgres_url(name)


def _directory() -> Path:
    _folder.append(tempfile.TemporaryDirectory(prefix="helpdesk-servers-"))
    return Path(_folder[-1].name)
