"""Web and worker start together, stop together and fail together."""

import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from helpdesk_web.listening import require_no_open_database
from tests.running import Program, alive, children, started, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads the process table of Linux")

DESK = ["-m", "tests.serving"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Program]:
    with started(DESK, data_dir=tmp_path) as program:
        program.wait_until_served()
        wait_until((tmp_path / "worker.pid").exists)
        yield program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_stops_web_and_worker(desk: Program, tmp_path: Path, number: int) -> None:
    family = children(desk.process.pid)

    assert desk.stop(number) == 0
    assert (tmp_path / "worker.stopped").exists()
    assert len(family) == 3  # two web workers and the job loop
    assert not any(alive(pid) for pid in family)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_to_the_whole_family_stops_it_in_order(
    desk: Program, tmp_path: Path, number: int
) -> None:
    os.killpg(desk.process.pid, number)

    assert desk.process.wait(40) == 0
    assert (tmp_path / "worker.stopped").exists()
    assert all(line.startswith("Serving at ") for line in desk.log.splitlines())  # and no complaint


def test_a_desk_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    command = f"trap '' HUP; exec {sys.executable} {' '.join(DESK)}"
    with started(["/bin/sh", "-c", command], data_dir=tmp_path) as desk:
        desk.wait_until_served()
        os.killpg(desk.process.pid, signal.SIGHUP)
        time.sleep(1)

        assert desk.get()[0] == 200
        assert desk.stop() == 0


@pytest.mark.parametrize("born", [1, 2, 3])
def test_a_signal_while_starting_is_not_lost(tmp_path: Path, born: int) -> None:
    with started(DESK, data_dir=tmp_path) as desk:
        wait_until(lambda: len(children(desk.process.pid)) >= born)

        assert desk.stop(timeout=15) == 0


def test_requests_under_way_are_answered_before_the_stop(desk: Program) -> None:
    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(desk.get, "/slow") for _client in range(4)]
        time.sleep(0.5)
        assert desk.stop() == 0

    assert [answer.result()[0] for answer in answers] == [200] * 4


def test_a_dead_worker_stops_the_web_with_an_error(desk: Program, tmp_path: Path) -> None:
    os.kill(int((tmp_path / "worker.pid").read_text()), signal.SIGKILL)

    assert desk.process.wait(40) != 0


def test_a_dead_web_process_stops_the_worker_with_an_error(desk: Program, tmp_path: Path) -> None:
    os.kill(int(desk.get()[1]), signal.SIGKILL)

    assert desk.process.wait(40) != 0
    assert (tmp_path / "worker.stopped").exists()


def test_nothing_outlives_a_killed_parent(desk: Program, tmp_path: Path) -> None:
    family = children(desk.process.pid)

    desk.stop(signal.SIGKILL)

    wait_until(lambda: not any(alive(pid) for pid in family))
    assert (tmp_path / "worker.stopped").exists()


def test_the_worker_runs_and_stops_alone(tmp_path: Path) -> None:
    with started([*DESK, "worker"], data_dir=tmp_path) as worker:
        wait_until((tmp_path / "worker.pid").exists)

        assert worker.stop() == 0
        assert (tmp_path / "worker.stopped").exists()


def test_a_taken_port_is_said_in_one_line(desk: Program, tmp_path: Path) -> None:
    with started(DESK, data_dir=tmp_path / "second", port=desk.port) as second:
        assert second.process.wait(20) == 1
        assert len(second.log.splitlines()) == 1
        assert f"Port {desk.port} is taken" in second.log


def test_an_address_of_another_machine_is_said_in_one_line(tmp_path: Path) -> None:
    with started(DESK, data_dir=tmp_path, HELPDESK_HOST="192.0.2.1") as desk:
        assert desk.process.wait(20) == 1
        assert len(desk.log.splitlines()) == 1
        assert "HELPDESK_HOST" in desk.log


def test_no_open_database_is_handed_to_the_children(tmp_path: Path) -> None:
    require_no_open_database(tmp_path)
    connection = sqlite3.connect(tmp_path / "helpdesk.sqlite3")

    with pytest.raises(RuntimeError, match="still open"):
        require_no_open_database(tmp_path)
    connection.close()


@pytest.mark.parametrize("slow_part", ["headers", "body", "answer"])
def test_500_clients_that_dribble_leave_pages_quick(desk: Program, slow_part: str) -> None:
    clients = [socket.create_connection(("127.0.0.1", desk.port), timeout=10) for _client in range(500)]
    over = threading.Event()
    dribble = threading.Thread(target=_dribble, args=(clients, slow_part, over))
    dribble.start()
    try:
        time.sleep(2)
        took = [_seconds(desk) for _page in range(40)]
    finally:
        over.set()
        dribble.join()
        for client in clients:
            client.close()

    assert sorted(took)[len(took) // 2] < 0.5
    assert max(took) < 5


def _dribble(clients: list[socket.socket], slow_part: str, over: threading.Event) -> None:
    """One byte a second from each client, of a header or a body that does not end soon; no answer is read."""
    begin = {
        "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "body": b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
        "answer": b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
    }[slow_part]
    for piece in [begin, *[b"a"] * 600]:
        for client in clients:
            with suppress(OSError):  # the server may have let this one go
                client.send(piece)
        if over.wait(1):
            return


def _seconds(desk: Program) -> float:
    begin = time.monotonic()
    assert desk.get(timeout=10)[0] == 200
    return time.monotonic() - begin
