"""Small files for the messages that speak of one: drawn and written here, the same each time."""

import re
import struct
import zlib
from functools import cache

ATTACHED = re.compile(r"\battached\b", re.IGNORECASE)
WIDTH, HEIGHT = 360, 240  # pixels
PAPER, INK, TABLE = (250, 249, 245), (38, 36, 34), (196, 186, 170)

File = tuple[str, bytes]


@cache
def spoken_of(text: str) -> tuple[File, ...]:
    """Return the files of a message that says there are some."""
    found = ATTACHED.search(text)
    if found is None:
        return ()
    about = text[max(0, found.start() - 90) : found.end() + 60].lower()
    if "photos" in about:
        return ("photo-1.png", label(3)), ("photo-2.png", label(7))
    if "photo" in about or "screenshot" in about:
        return (("screenshot.png", label(5)),)
    if "log" in about:
        return (("printer.log", log()),)
    if "list" in about or "table" in about or "file" in about:
        return (("list.csv", table()),)
    return (("document.pdf", letter(text)),)


def label(seed: int) -> bytes:
    """A photograph, more or less, of a label with a barcode and a white line where the print head is dirty."""
    pixels = b"".join(b"\0" + _line(_band(y), seed) for y in range(HEIGHT))  # 0: the line has no filter
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = (_part(b"IHDR", header), _part(b"IDAT", zlib.compress(pixels, 9)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def log() -> bytes:
    lines = [
        f"{second // 60:02}:{second % 60:02} {word}"
        for second, word in enumerate(
            [
                "ready",
                "job 4711 received",
                "feed 38 mm",
                "head 41 C",
                "gap not found",
                "retry 1",
                "gap not found",
                "stop",
            ],
            start=613,
        )
    ]
    return ("LP-200 firmware 3.1.2\n" + "\n".join(lines) + "\n").encode()


def table() -> bytes:
    rows = [f"{4700 + 7 * n};Shelf B-{n:02};{(n * 37) % 90}" for n in range(1, 25)]
    return ("article;place;pieces\n" + "\n".join(rows) + "\n").encode()


def letter(text: str) -> bytes:
    """One page that says it stands for the real document."""
    words = re.sub(r"[^ -'*-\[\]-~]", " ", text)[:70]  # what a PDF string takes as it is
    page = f"BT /F1 18 Tf 72 760 Td (Larkspur) Tj /F1 11 Tf 0 -32 Td ({words}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    lines = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, lines) + end


def _band(y: int) -> str:
    if not 36 <= y < 204:
        return "table"
    if 110 <= y < 185:
        return "barcode"
    return "text" if y in (*range(56, 62), *range(72, 76), *range(84, 88)) else "paper"


@cache
def _line(band: str, seed: int) -> bytes:
    return b"".join(bytes(_colour(x, band, seed)) for x in range(WIDTH))


def _colour(x: int, band: str, seed: int) -> tuple[int, int, int]:
    if band == "table" or not 40 <= x < 320:
        return TABLE
    if 118 <= x < 121:  # the line of dirt
        return PAPER
    is_bar = band == "barcode" and 60 <= x < 300 and (x * (seed + 4) // 7 * 2654435761 >> 7) % 5 < 2
    is_letter = band == "text" and 60 <= x < 60 + 24 * (seed % 5 + 4) and x % 9 < 6
    return INK if is_bar or is_letter else PAPER


def _part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
