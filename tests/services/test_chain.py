"""The bytes that the audit signs are the same on every database, and never those of other facts."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpdesk_web.services import chain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXT = st.characters(exclude_categories=["Cs"])  # stream names and macs are our own
PARTS = st.lists(st.text(TEXT, max_size=6), min_size=4, max_size=4)


@given(VALUES)
def test_facts_read_the_same_after_every_database(value: Any) -> None:
    stored = json.dumps(chain.plain(value), allow_nan=False)

    back = json.loads(stored, parse_float=as_postgresql_prints)

    assert chain.canonical(back) == chain.canonical(chain.plain(value))


def as_postgresql_prints(number: str) -> float:
    """PostgreSQL keeps a JSON number as a decimal and prints it without an exponent."""
    return float(json.loads(format(Decimal(number), "f")))


@given(VALUES)
def test_what_is_plain_stays_as_it_is(value: Any) -> None:
    assert chain.plain(chain.plain(value)) == chain.plain(value)


@given(VALUES, VALUES)
def test_different_facts_have_different_texts(one: Any, other: Any) -> None:
    one, other = chain.plain(one), chain.plain(other)

    same_text = chain.canonical(one) == chain.canonical(other)

    assert same_text == (repr(ordered(one)) == repr(ordered(other)))


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, ordered(value[key])) for key in sorted(value)]
    return (list, [ordered(part) for part in value]) if isinstance(value, list) else value


@given(PARTS, PARTS)
def test_no_two_records_share_the_bytes_that_are_signed(one: list[str], other: list[str]) -> None:
    assert (signed(one) == signed(other)) == (one == other)


@given(st.text(TEXT), st.text(TEXT), st.integers(0, 99))
def test_stream_and_sequence_cannot_flow_into_each_other(stream: str, previous: str, seq: int) -> None:
    moved = chain.mac(b"key", f"{stream}{seq}", 1, previous, {})

    assert chain.mac(b"key", stream, int(f"{seq}1"), previous, {}) != moved


def signed(parts: list[str]) -> str:
    return chain.mac(b"key", parts[0], 1, parts[1], [parts[2], parts[3]])


def test_numbers_that_databases_would_change_are_kept_as_text() -> None:
    assert chain.plain([2**60, math.inf, 1e300, 1.0, True]) == [str(2**60), "inf", "1e+300", 1, True]


def test_a_moment_means_the_same_in_every_zone() -> None:
    noon = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

    assert chain.moment(noon) == chain.moment(noon.astimezone(timezone(timedelta(hours=5))))
