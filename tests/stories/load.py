"""Eight people who write to a desk over HTTP without a pause, and keep their own list of what was acknowledged."""

import hashlib
import http.client
import itertools
import random
import re
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
COOKIE = re.compile(r"helpdesk_form=([^;]+)")
_numbers = itertools.count(1)


@dataclass
class Word:
    """Something written; `text` is unique. `answered` once the desk has said that it has it."""

    kind: str
    text: str
    digest: str | None = None
    answered: bool = False
    public: bool = True


@dataclass
class Ledger:
    """What all clients know together; it is the judge."""

    words: list[Word] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    broken: list[float] = field(default_factory=list)  # when each request without an answer had begun
    served: threading.Event = field(default_factory=threading.Event)  # nobody knocks while nothing is there
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def acknowledged(self) -> list[Word]:
        return [word for word in self.words if word.answered]


class Client(threading.Thread):
    """One person. A request that breaks is sent again with the same `submission` by every second one."""

    def __init__(self, port: int, session: str, *, staff: bool, ledger: Ledger, seed: int) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self.port, self.staff, self.ledger = port, staff, ledger
        self.cookie, self.token = f"helpdesk_session={session}", ""
        self.form = "/console/tickets/new" if staff else "/support/tickets/new"
        self.chance = random.Random(seed)
        self.own: list[list[Any]] = []  # a customer's tickets, each with how often it was answered

    def run(self) -> None:
        try:
            while self._desk_is_there():
                if not self.token:
                    self._load_form()
                elif self.staff:
                    self._work()
                else:
                    self._ask_for_help()
        except Exception as error:
            self.ledger.problems.append(repr(error))

    def _desk_is_there(self) -> bool:
        while not self.ledger.over.is_set():
            if self.ledger.served.wait(0.2):
                return True
        return False

    # -- what they do ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        if not self.ledger.tickets:
            time.sleep(0.02)
            return
        refid, note = self.chance.choice(self.ledger.tickets), self.chance.random() < 0.4
        word = self._word("note" if note else "reply")
        fields = {"message": word.text, "is_internal": str(note).lower(), "then": self.chance.choice(["", "pending"])}
        self._say(f"/console/tickets/{refid}/replies", word, fields)

    def _ask_for_help(self) -> None:
        patient = [known for known in self.own if known[1] < 2]  # nobody writes four times a minute
        if patient and self.chance.random() < 0.5:
            known = self.chance.choice(patient)
            known[1] += 1
            word = self._word("word")
            self._say(f"/support/tickets/{known[0]}/replies", word, {"message": word.text})
            return
        word = self._word("ticket")
        fields = {"subject": word.text, "description": word.text, "category_id": "1", "priority": "medium"}
        if address := self._say("/support/tickets", word, fields):
            refid = address.rpartition("/")[2]
            self.own.append([refid, 0])
            self.ledger.tickets.append(refid)

    def _word(self, kind: str) -> Word:
        return Word(kind, f"{kind} number {next(_numbers)}.", public=kind != "note")

    # -- how they do it --------------------------------------------------------------------------------------

    def _say(self, path: str, word: Word, fields: dict[str, Any]) -> str | None:
        """Send until there is an answer, or until this one gives up; the address it leads to."""
        content = f"file of {word.text}".encode() * 200 if self.chance.random() < 0.3 else None
        word.digest = hashlib.sha256(content).hexdigest() if content else None
        patient, key = self.chance.random() < 0.5, f"{self.name}-{next(_numbers)}"
        self.ledger.words.append(word)
        while self._desk_is_there():
            files = {"files": FileStorage(BytesIO(content), "file.txt")} if content else {}
            boundary, body = encode_multipart(fields | files | {"csrf_token": self.token, "submission": key})
            begun = time.monotonic()
            try:
                status, address, page = self._request("POST", path, body, boundary)
            except (OSError, http.client.HTTPException):
                self.ledger.broken.append(begun)
                if not patient:
                    return None
                time.sleep(0.02)
                continue
            if status == 303:
                word.answered = True
                return address
            if status != 503:
                self.ledger.problems.append(f"{status} for {path}: {page[:2000]}")
                return None
            time.sleep(0.02)  # busy: the same form again
        return None

    def _load_form(self) -> None:
        try:
            status, _address, page = self._request(
                "GET", "/console/tickets/new" if self.staff else "/support/tickets/new"
            )
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            return
        if found := TOKEN.search(page):
            self.token = found[1]
        elif status == 503:
            time.sleep(0.02)
        else:
            self.ledger.problems.append(f"{status} and no form: {page[:2000]}")
            time.sleep(0.5)

    def _request(self, method: str, path: str, body: bytes | None = None, boundary: str = "") -> tuple[int, str, str]:
        """Each request comes from an address of its own, so that no limit by address stops it."""
        number = next(_numbers)
        headers = {"Cookie": self.cookie, "X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}
        if boundary:
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if cookie := COOKIE.search(answer.headers.get("Set-Cookie", "")):
            self.cookie = f"{self.cookie.partition(';')[0]}; helpdesk_form={cookie[1]}"
        return answer.status, answer.headers.get("Location", ""), page
