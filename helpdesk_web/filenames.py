"""Names of files as people may see and save them: never a path, never a disguise."""

import re
import unicodedata

from helpdesk_web.characters import printable, straight, visible

LONGEST = 200  # characters, as the column is
LONGEST_ENDING = 20
NAMELESS = "file"

# What some system takes for part of a path, a stream or a pattern.
_UNSAFE = re.compile(r'[<>:"|?*/\\]')
_ALONE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(\.|$))", re.IGNORECASE)


def display_name(raw: str | None) -> str:
    """Return a name fit to show, to store and to save under on any system; the same name when given again."""
    text = visible(straight(printable(unicodedata.normalize("NFC", raw or ""))))
    text = re.split(r"[/\\]", text.strip())[-1]
    return _shortened(_tidy("".join(map(_harmless, text[: 4 * LONGEST] + text[4 * LONGEST :][-LONGEST_ENDING:]))))


def _harmless(character: str) -> str:
    """A sign that only looks like a slash turns into one when a browser falls back to ASCII."""
    return "_" if _UNSAFE.search(unicodedata.normalize("NFKD", character)) else character


def _tidy(name: str) -> str:
    name = " ".join(name.split()).strip(". ")  # a leading dot hides a file, a trailing one is lost by Windows
    return f"_{name}" if _ALONE.match(name) else name or NAMELESS


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    kept = dot + ending if 0 < len(ending) <= LONGEST_ENDING else ""
    return _tidy((stem if kept else name)[: LONGEST - len(kept)].rstrip(". ") + kept)
