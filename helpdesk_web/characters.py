"""Characters that deceive the eye or break a line, and how to be rid of them."""

import re

# Marks that turn the reading direction around, so that a text reads differently from what it is.
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Invisible ones. Joiners belong to Persian and Indic words and to emoji, so only names lose them.
ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(f"[{BIDI}]")
_HIDDEN = re.compile(f"[{BIDI}{ZERO_WIDTH}]")


def printable(text: str) -> str:
    """Return the text with plain line ends, without controls, fit for every database and encoding."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SURROGATES.sub("\ufffd", lines))


def straight(text: str) -> str:
    """Return the text without the marks that turn the reading direction."""
    return _BIDI.sub("", text)


def visible(text: str) -> str:
    """Return the text without anything that cannot be seen."""
    return _HIDDEN.sub("", text)
