"""A file's name says what it is, and is nothing but a name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_web.filenames import LONGEST, display_name


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Rechnung März 2026.pdf", "Rechnung März 2026.pdf"),
        ("報告書.docx", "報告書.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\carol\\scan.png", "scan.png"),
        ("..", "file"),
        ("", "file"),
        (None, "file"),
        (".htaccess", "htaccess"),
        ("\u200b.htaccess", "htaccess"),
        (".\u200b.htaccess", "htaccess"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\r\nSet-Cookie: x=1.png", "a Set-Cookie_ x=1.png"),
        ("a\x00b.png", "ab.png"),
        ("<img src=x onerror=alert(1)>.png", "_img src=x onerror=alert(1)_.png"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("con .txt", "_con .txt"),
        (".con", "_con"),
        ("LPT¹.log", "_LPT¹.log"),
        ("console.log", "console.log"),
        ("invoice.pdf" + " " * 300 + ".exe", "invoice.pdf .exe"),
        ("report.", "report"),
        ("a\uff0fb.png", "a_b.png"),
        ("\ud800.png", "\ufffd.png"),
    ],
)
def test_a_name_loses_what_deceives_or_harms(given_name, shown):
    assert display_name(given_name) == shown


def test_a_long_name_is_cut_and_keeps_its_ending():
    assert display_name("a" * 10_000 + ".jpeg") == "a" * (LONGEST - 5) + ".jpeg"
    assert len(display_name("ä" * 1_000_000)) == LONGEST
    assert len(display_name("a." + "b" * 10_000)) == LONGEST


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.sampled_from("./\\ con:\u200b\u202e\ufeff\x00\uff0f\u2026.a"), max_size=300))
def test_any_name_becomes_one_that_stays_as_it_is(raw):
    name = display_name(raw)

    assert display_name(name) == name
    assert 0 < len(name) <= LONGEST
    assert name == name.strip(". ")
    assert not set(name) & set('/\\<>:"|?*\x00\n\r\u200b\u202e')
    name.encode()
