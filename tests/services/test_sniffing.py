"""A file is what its bytes say, and is shown in a page only when that cannot hurt."""

import io
import struct
import zipfile

import pytest
from PIL import Image

from helpdesk_web.services.sniffing import INLINE, MOST_PIXELS, PLAIN, SAFE, UNKNOWN, content_type, served_as


def picture(kind, size=(30, 20), **options):
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("lossless", [False, True])
def test_ordinary_pictures_may_be_shown(kind, lossless):
    assert content_type(picture(kind, lossless=lossless)) == f"image/{kind.lower()}"


def test_a_photo_with_a_large_preview_inside_is_still_known():
    exif = Image.Exif()
    exif[0x9286] = "x" * 60_000

    assert content_type(picture("JPEG", exif=exif)) == "image/jpeg"


def test_a_picture_that_unpacks_to_gigabytes_is_not_shown():
    png = bytearray(picture("PNG"))
    png[16:24] = struct.pack(">II", 50_000, 50_000)
    gif = bytearray(picture("GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)

    assert content_type(bytes(png)) == UNKNOWN
    assert content_type(bytes(gif)) == UNKNOWN
    assert 30 * 20 < MOST_PIXELS < 65_535**2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_cut_off_picture_is_not_shown_and_nothing_fails(kind):
    whole = picture(kind)
    for length in range(0, len(whole), 7):
        assert content_type(whole[:length]) in INLINE | {UNKNOWN, PLAIN}


@pytest.mark.parametrize(
    "script",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><?xml-stylesheet href='x.xsl'?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'><script/></html>",
        b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>",
    ],
)
def test_what_holds_a_script_is_only_text(script):
    assert content_type(script) == PLAIN


def test_documents_are_known_and_the_unknown_is_bytes():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "a")

    assert content_type(b"%PDF-1.7\n") == "application/pdf"
    assert content_type(archive.getvalue()) == "application/zip"
    assert content_type("Grüße aus Zürich\n".encode()) == PLAIN
    assert content_type("ü".encode() * 5000) == PLAIN
    assert content_type(b"MZ\x90\x00" + b"\x00" * 100) == UNKNOWN
    assert content_type(b"") == UNKNOWN
    assert content_type(b"a\x00b") == UNKNOWN
    assert content_type(b"\xff\xfe\x00") == UNKNOWN


@pytest.mark.parametrize(
    "stored",
    [
        "text/html",
        "text/html;x",
        "image/svg+xml",
        "application/xhtml+xml",
        "multipart/x-mixed-replace",
        "a\r\nb",
    ],
)
def test_only_listed_types_are_ever_served(stored):
    assert served_as(stored) == UNKNOWN
    assert not {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"} & SAFE
