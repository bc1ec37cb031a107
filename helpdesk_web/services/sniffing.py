"""What a file is by its first bytes; what its sender called it is never believed."""

import codecs
import re

import filetype

UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"
# Shown in the page; everything else is only ever saved. No format here can hold a script.
INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}
MOST_PIXELS = 50_000_000  # a few kB can unpack to gigabytes in the reader's browser

SAFE = INLINE | {
    PLAIN,
    "application/gzip",
    "application/msword",
    "application/pdf",
    "application/rtf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/zip",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "image/bmp",
    "image/heic",
    "image/tiff",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
}
_SAME = {"image/apng": "image/png"}
_JPEG_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]")


def content_type(head: bytes) -> str:
    """Return the type to serve a file as, from our own list; `head` should hold its first 256 kB."""
    found = _guess(head[:8192])
    found = _SAME.get(found, found)
    if found in INLINE:
        pixels = _pixels(found, head)
        return found if pixels is not None and pixels <= MOST_PIXELS else UNKNOWN
    if found:
        return found if found in SAFE else UNKNOWN
    return PLAIN if _is_text(head[:8192]) else UNKNOWN


def served_as(kind: str) -> str:
    """Return the stored type when it is on our list, whatever wrote it."""
    return kind if kind in SAFE else UNKNOWN


def _guess(head: bytes) -> str:
    try:
        kind = filetype.guess(head)
    except Exception:  # the library trips over some malformed heads; to us they are unknown
        return ""
    return str(kind.mime) if kind else ""


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return bool(head) and not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)


def _pixels(kind: str, head: bytes) -> int | None:
    """Return width times height as the header states them, None when it does not."""
    size = {"image/png": _png, "image/gif": _gif, "image/webp": _webp, "image/jpeg": _jpeg}[kind](head)
    return size[0] * size[1] if size else None


def _png(head: bytes) -> tuple[int, int] | None:
    if head[12:16] != b"IHDR" or len(head) < 24:
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _gif(head: bytes) -> tuple[int, int] | None:
    if len(head) < 10:
        return None
    return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")


def _webp(head: bytes) -> tuple[int, int] | None:
    if len(head) < 30:
        return None
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame's; a thumbnail inside a segment has a frame of its own."""
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        if _JPEG_FRAME.match(head, place):
            return int.from_bytes(head[place + 7 : place + 9]), int.from_bytes(head[place + 5 : place + 7])
        place += 2 + int.from_bytes(head[place + 2 : place + 4])
    return None
