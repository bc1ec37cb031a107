"""Column types that several nouns share."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import SmallInteger, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column

from helpdesk_web import clock
from helpdesk_web.database import FAR, Json, Moment

Id = Annotated[int, mapped_column(primary_key=True)]
When = Annotated[datetime, mapped_column(Moment)]
Created = Annotated[datetime, mapped_column(Moment, default=lambda: clock.now())]
Never = Annotated[datetime, mapped_column(Moment, default=FAR)]
Facts = Annotated[dict[str, Any], mapped_column(Json, default=dict)]


class Word(TypeDecorator[StrEnum]):
    """A closed list of words, stored as text."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Ranked(TypeDecorator[StrEnum]):
    """A closed list of words, stored as its place in the list, so that sorting needs no look-up."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = tuple(words)

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else self.words.index(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words[value]


def comparable(text: str) -> str:
    """Return the key under which addresses and names are compared and sorted, on every database alike."""
    return unicodedata.normalize("NFKC", text).strip().casefold()
