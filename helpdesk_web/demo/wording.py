"""The texts as they are stored. A conversation that is told again gets other order numbers and signatures."""

import html
import random
import re
from functools import cache

from helpdesk_web import markup
from helpdesk_web.demo import files
from helpdesk_web.services import texts
from helpdesk_web.services.texts import Body

# What the conversations call things by: orders, returns, parcels. Digits and letters that Markdown leaves alone.
REFERENCE = re.compile(r"\b(?:LK-\d{5}|RMA-\d{4}|KP\d\d-\d{3}-\d{4})\b")


@cache
def body(text: str) -> Body:
    """Return the text checked and rendered, each once."""
    return texts.body(text)


@cache
def _has_reference(text: str) -> bool:
    return REFERENCE.search(text) is not None


class Wording:
    """The texts of one ticket: as they were written, or with references and a signature of their own."""

    def __init__(self, rng: random.Random, *, varied: bool = False, signed_by: str | None = None) -> None:
        self._rng = rng
        self._varied = varied
        self._signed_by = signed_by
        self._references: dict[str, str] = {}
        self.order = f"LK-{rng.randrange(10_000, 99_999)}"

    def subject(self, text: str, *, with_order: bool = False) -> str:
        if not self._varied:
            return text
        return f"{self._renamed(text)} ({self.order})" if with_order else self._renamed(text)

    def opening(self, text: str) -> Body:
        said = self.said(text)
        if not self._varied or self._signed_by is None:
            return said
        signature = f"— {self._signed_by}, {self.order}"
        signed = f"{said.html}<p>{html.escape(signature, quote=False)}</p>\n"
        return Body(f"{said.text}\n\n{signature}", signed, "")

    def said(self, text: str) -> Body:
        as_written = body(text)
        if not self._varied or not _has_reference(text):
            return as_written
        return Body(self._renamed(as_written.text), self._renamed(as_written.html), "")

    def files(self, text: str) -> tuple[files.File, ...]:
        """Only what is told for the first time encloses the files it speaks of."""
        return () if self._varied else files.spoken_of(text)

    def _renamed(self, text: str) -> str:
        if not _has_reference(text):
            return text
        return REFERENCE.sub(lambda found: self._other(found[0]), text)

    def _other(self, reference: str) -> str:
        """The same reference becomes the same other one in every message of the ticket."""
        if reference not in self._references:
            digit = self._rng.randrange
            other = re.sub(r"\d", lambda _digit: str(digit(10)), reference)
            self._references[reference] = self.order if reference.startswith("LK") and not self._references else other
        return self._references[reference]


def excerpt(said: Body) -> str:
    """Return the line for lists; of varied texts it is made when it is needed."""
    return said.excerpt or markup.excerpt(said.text)
