"""The benchmark: queue, ticket, create and reply at 100,000 tickets, one client, the real server.

Prints for each operation the median and 95th percentile latency, the CPU of the server's processes a request,
and a fixed loop timed before and after, so that figures of different moments can be compared.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
HELPDESK = str(Path(sys.executable).with_name("helpdesk"))
TICK = os.sysconf("SC_CLK_TCK")
AIM = {"queue": 6.0, "ticket": 6.0, "create": 10.0, "reply": 10.0}


def main() -> None:
    arguments = parsed()
    folder = ROOT / "var" / "bench" / f"{arguments.tickets}-{arguments.seed}"
    environment = os.environ | settings(folder)
    if not (folder / "filled").exists():
        fill(folder, environment, arguments)
    people = sign_in(folder)
    port = free_port()
    server = start(environment | {"HELPDESK_PORT": str(port), "HELPDESK_BASE_URL": f"http://127.0.0.1:{port}"}, port)
    try:
        run(Desk(port, server.pid, people), arguments.requests)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200, help="requests of each operation")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def settings(folder: Path) -> dict[str, str]:
    return {
        "HELPDESK_DATA_DIR": str(folder),
        "HELPDESK_RATE_LIMIT__ENABLED": "false",
        "HELPDESK_PROXY_HOPS": "1",  # each request comes from an address of its own, so that no limit stops it
    }


def fill(folder: Path, environment: dict[str, str], arguments: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    print(f"filling {folder.name} …", flush=True)
    count = ["--tickets", str(arguments.tickets), "--seed", str(arguments.seed)]
    subprocess.run([HELPDESK, "demo", *count], env=environment, check=True)
    print(f"filled at {arguments.tickets / (time.perf_counter() - began):.0f} tickets a second")
    (folder / "filled").touch()


def sign_in(folder: Path) -> dict[str, str]:
    """Give alex and a customer a session each, and return their cookies and the references to open."""
    from sqlalchemy import select

    from helpdesk_web import clock, create_app
    from helpdesk_web.database import commit, db, writing
    from helpdesk_web.models import Category, LoginSession, Team, Ticket, User

    app, found = create_app(data_dir=folder), {}
    with app.app_context():
        for name, address in (("agent", "alex@example.com"), ("customer", "carol@example.com")):
            user = db.session.scalars(select(User).where(User.email_key == address)).one()
            secret = secrets.token_urlsafe(32)
            with writing():
                digest = hashlib.sha256(secret.encode()).hexdigest()
                db.session.add(LoginSession(user_id=user.id, secret_hash=digest, last_seen_at=clock.now()))
                commit()
            found[name] = secret
        shared = Ticket.team_id.is_(None) | Ticket.team_id.in_(select(Team.id).where(~Team.is_private))
        refids = select(Ticket.refid).where(Ticket.status == "in_progress", shared).limit(500)
        found["refids"] = json.dumps(list(db.session.scalars(refids)))
        found["category"] = str(db.session.scalar(select(Category.id).where(Category.is_active)))
        db.engine.dispose()
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    server = subprocess.Popen([HELPDESK, "web"], env=environment)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


class Desk:
    """One client of the running server, and the CPU its processes have used."""

    def __init__(self, port: int, pid: int, people: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.pid, self.people = pid, people
        self.refids = json.loads(people["refids"])
        self.tokens: dict[str, tuple[str, str]] = {}

    def get(self, who: str, path: str) -> str:
        return self._send("GET", path, who)

    def post(self, who: str, path: str, fields: dict[str, str]) -> str:
        cookie, token = self._token(who, path)
        return self._send("POST", path, who, urlencode(fields | {"csrf_token": token}), cookie)

    def cpu(self) -> float:
        """Seconds of all processes of the server."""
        return sum(used(pid) for pid in family(self.pid))

    def _token(self, who: str, path: str) -> tuple[str, str]:
        if who not in self.tokens:
            page = self.get(who, "/support/tickets/new" if who == "customer" else path.rpartition("/")[0])
            token = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert token
            self.tokens[who] = (self.cookie, token.group(1))
        return self.tokens[who]

    def _send(self, method: str, path: str, who: str, body: str | None = None, cookie: str = "") -> str:
        address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"
        headers = {"Cookie": f"helpdesk_session={self.people[who]}; {cookie}", "X-Forwarded-For": address}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 303), (answer.status, path, text[:300])
        self.cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
        return text


def run(desk: Desk, requests: int) -> None:
    category = desk.people["category"]
    operations: dict[str, Callable[[int], str]] = {
        "queue": lambda _n: desk.get("agent", "/console/queues/inbox"),
        "ticket": lambda _n: desk.get("agent", f"/console/tickets/{random.choice(desk.refids)}"),
        "create": lambda n: desk.post(
            "customer",
            "/support/tickets",
            {"subject": f"Bench {n}", "description": "It does not work.", "category_id": category},
        ),
        "reply": lambda n: desk.post(
            "agent",
            f"/console/tickets/{random.choice(desk.refids)}/replies",
            {"message": f"We look into it, {n}."},
        ),
    }
    for operation in operations.values():  # warm
        for n in range(10):
            operation(-n)
    print(f"{'operation':10}{'median ms':>10}{'p95 ms':>9}{'aim':>6}{'CPU ms':>8}{'bytes':>8}   loop ms before/after")
    for name, operation in operations.items():
        print(measured(name, operation, desk, requests), flush=True)


def measured(name: str, operation: Callable[[int], str], desk: Desk, requests: int) -> str:
    before, used_before, times, size = loop(), desk.cpu(), [], 0
    for n in range(requests):
        began = time.perf_counter()
        size = len(operation(n))
        times.append((time.perf_counter() - began) * 1000)
    cpu = (desk.cpu() - used_before) * 1000 / requests
    p95 = statistics.quantiles(times, n=20)[-1]
    figures = f"{name:10}{statistics.median(times):10.1f}{p95:9.1f}{AIM[name]:6.0f}{cpu:8.1f}{size:8}"
    return f"{figures}   {before:.1f} / {loop():.1f}"


def loop() -> float:
    """Milliseconds of a fixed piece of work: what the machine is worth just now."""
    began = time.perf_counter()
    sum(n * n for n in range(100_000))
    return (time.perf_counter() - began) * 1000


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    main()
