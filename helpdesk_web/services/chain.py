"""What the audit's macs cover, byte for byte. Pure: the same facts give the same bytes on every database."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

EXACT = 2**53  # beyond this a database's number and Python's may differ: such numbers are kept as text
PRIVATE_DIGEST = "private_digest"  # the name under which `facts` holds the digest of `private`


def plain(value: Any) -> Any:
    """Return the value in the form that every database gives back unchanged."""
    kind = type(value)
    if kind is str:  # the common cases first: every write of the product passes here
        return _storable(value)
    if kind is int:
        return value if -EXACT < value < EXACT else str(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return _storable(str(value))
    if isinstance(value, int):
        return plain(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return {_storable(str(plain(key))): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return _storable(str(value))


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> bytes:
    """Return the one JSON text of a value that is `plain`: keys sorted, no spaces, UTF-8."""
    return _JSON.encode(value).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of a plain value's canonical text, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def covered(*, event: str, at: datetime, actor_id: Any, ticket_id: Any, facts: Any) -> dict[str, Any]:
    """Everything of a record that its mac must vouch for; stream and seq enter the mac by themselves."""
    return {"event": event, "at": moment(at), "actor": actor_id, "ticket": ticket_id, "facts": facts}


def mac(key: bytes, stream: str, seq: int, previous: str, content: Any) -> str:
    """Return HMAC-SHA256(key, stream ‖ seq ‖ previous mac ‖ sha256(canonical content)) in hex."""
    parts = (
        stream.encode(),
        str(seq).encode(),
        previous.encode(),
        hashlib.sha256(canonical(content)).digest(),
    )
    return hmac.digest(key, b"".join(_counted(part) for part in parts), "sha256").hex()


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _counted(part: bytes) -> bytes:
    """Put the length first, so that no two lists of parts make the same bytes."""
    return len(part).to_bytes(4, "big") + part


def _storable(text: str) -> str:
    """PostgreSQL's JSON takes neither NUL nor halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _number(value: float) -> int | float | str:
    if value.is_integer() and -EXACT < value < EXACT:
        return int(value)
    # NaN and infinities are no JSON; JSON numbers of PostgreSQL are decimals, exact within these bounds
    return value if 1e-100 < abs(value) < EXACT else repr(value)
