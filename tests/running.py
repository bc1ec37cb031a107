"""Programs of the product started as a user would start them, on a free loopback port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One started program; `log` is everything it printed."""

    def __init__(self, command: Sequence[str], *, data_dir: Path, cwd: Path, port: int, **env: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = data_dir / "program.log"
        settings = {"HELPDESK_DATA_DIR": str(data_dir), "HELPDESK_PORT": str(port)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env=inherited | settings | env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def get(self, path: str = "/", timeout: float = 30) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def wait_until_served(self, path: str = "/") -> tuple[int, bytes]:
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                return self.get(path)
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"nothing is served; exit code {self.process.poll()}:\n{self.log}")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 40) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def end(self) -> None:
        """Whatever is left of the program and of its children goes now."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def started(
    command: Sequence[str], *, data_dir: Path, cwd: Path | None = None, port: int | None = None, **env: str
) -> Iterator[Program]:
    """Start `command` (its Python is this one if it begins with `-m`) and leave nothing of it behind."""
    line = [sys.executable, *command] if command[0].startswith("-") else list(command)
    data_dir.mkdir(parents=True, exist_ok=True)
    program = Program(line, data_dir=data_dir, cwd=cwd or Path.cwd(), port=port or free_port(), **env)
    try:
        yield program
    finally:
        program.end()


def children(pid: int) -> list[int]:
    """The living child processes of `pid` (Linux)."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(claim: object, seconds: float = 20) -> None:
    """Wait for `claim()` to be true."""
    assert callable(claim)
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "still not so"
        time.sleep(0.02)
