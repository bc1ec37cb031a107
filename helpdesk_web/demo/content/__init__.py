"""What the people of the demo desk say: the written words only, no times and no rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

Speaker = Literal["customer", "agent", "note"]
Priority = Literal["low", "medium", "high", "urgent"]
Channel = Literal["web", "email", "phone"]
State = Literal["open", "in_progress", "pending", "resolved", "closed"]
Fact = TypeVar("Fact")

TOPICS = (
    "orders",
    "payment",
    "account",
    "printers",
    "scanners",
    "network",
    "stock_app",
    "returns",
    "dealers",
    "contracts",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message after the opening; `then` is the state it leaves the ticket in, when it sets one."""

    by: Speaker
    text: str
    then: Literal["pending", "resolved"] | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole exchange; its turns lead to `state` by the transition table (`closed` follows a resolution)."""

    category: str
    subject: str
    opening: str
    priority: Priority
    channel: Channel
    state: State
    language: str
    tags: tuple[str, ...]
    turns: tuple[Turn, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every message, the opening first."""
        return (self.opening, *(turn.text for turn in self.turns))


@dataclass(frozen=True, slots=True)
class Category:
    slug: str
    name: str
    description: str
    team: str | None


@dataclass(frozen=True, slots=True)
class Team:
    name: str
    private: bool


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    domain: str
    notes: str
    high_value: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; `domain` is the mail domain of their organisation, or none for a private person."""

    name: str
    email: str
    language: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class Colleague:
    name: str
    email: str
    role: Literal["agent", "supervisor"]
    team: str


@cache
def conversations() -> tuple[Conversation, ...]:
    """Every conversation, topic by topic, in the order they were written."""
    return tuple(talk for topic in TOPICS for talk in _read(topic, _conversation))


@cache
def categories() -> tuple[Category, ...]:
    """The categories the conversations name by slug, in the order to show them."""
    return _read("categories", lambda facts: Category(**facts))


@cache
def teams() -> tuple[Team, ...]:
    """The teams that categories and colleagues name."""
    return _read("teams", lambda facts: Team(**facts))


@cache
def organisations() -> tuple[Organisation, ...]:
    """The companies and institutions behind the customers."""
    return _read("organisations", lambda facts: Organisation(**facts))


@cache
def people() -> tuple[Person, ...]:
    """The customers, each with an address of their own."""
    return _read("people", lambda facts: Person(**facts))


@cache
def colleagues() -> tuple[Colleague, ...]:
    """The staff beside those whose sign-ins the desk prints."""
    return _read("colleagues", lambda facts: Colleague(**facts))


def _conversation(facts: dict[str, Any]) -> Conversation:
    turns = tuple(Turn(**turn) for turn in facts.pop("turns"))
    return Conversation(tags=tuple(facts.pop("tags")), turns=turns, **facts)


def _read(name: str, build: Callable[[dict[str, Any]], Fact]) -> tuple[Fact, ...]:
    lines = files(__name__).joinpath(f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return tuple(build(json.loads(line)) for line in lines if line)
