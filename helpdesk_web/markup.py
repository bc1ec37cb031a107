"""What people write, made safe to show: pure functions from text to HTML that holds only what is listed here.

`clean_html(clean_html(x)) == clean_html(x)` for every x: what a browser reads is what was checked.
"""

import html
import re

import nh3

from helpdesk_web import markdown
from helpdesk_web.characters import printable, straight

MAX_MARKDOWN = 64 * 1024  # bytes
MAX_HTML = 256 * 1024  # bytes
MAX_OPEN_TAGS = 2000  # the sanitiser's time grows with the square of the nesting depth
ROUNDS = 5  # of cleaning until nothing changes

VOID = "br|hr|wbr|img|input|col|area|source|track|meta|link|base|embed"


def _names(line: str) -> set[str]:
    return set(line.split())


TAGS = _names(
    "a abbr b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol "
    "p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var"
)
REMOVED_WITH_CONTENT = _names(
    "applet audio canvas embed frame frameset head iframe math noembed noframes noscript object option "
    "plaintext script select style svg template textarea title video xmp"
)
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
SCHEMES = {"http", "https", "mailto"}
LINK_REL = "noopener noreferrer nofollow"

# None: any text will do.
_VALUES: dict[str, re.Pattern[str] | None] = {
    "href": None,
    "title": None,
    "dir": re.compile(r"ltr|rtl|auto"),
    "align": re.compile(r"left|center|right"),
    "start": re.compile(r"[0-9]{1,9}"),
    "colspan": re.compile(r"[0-9]{1,2}"),
    "rowspan": re.compile(r"[0-9]{1,2}"),
}

_OPEN_TAG = re.compile(rf"<(?!(?:{VOID})\b)[a-z]", re.IGNORECASE)
# These are opened anew in every following block, once for each different set of attributes: 1,000 bold tags
# with 1,000 ids before 1,000 paragraphs are a million elements. Without attributes three of a kind count.
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])[^>]*>", re.IGNORECASE)
_LINES_AFTER_PRE = re.compile(r"<pre>\n+")  # a browser drops the first of them at each reading
_AS_TEXT = re.compile(r"(?s)(<pre>)?([^<]*)(</pre>)?")


def _value(_tag: str, attribute: str, value: str) -> str | None:
    pattern = _VALUES.get(attribute)
    return value if pattern is None or pattern.fullmatch(value) else None


_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=REMOVED_WITH_CONTENT,
    attributes=ATTRIBUTES,
    attribute_filter=_value,
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel=LINK_REL,
)


def clean_html(source: str) -> str:
    """Return an HTML text with only the listed tags, attributes and schemes; too large or deep, as text."""
    source = printable(source)
    if (text := _only_text(source)) is not None:
        return text
    cleaned = source
    for _ in range(ROUNDS):
        if _is_too_much(cleaned):
            break
        before, cleaned = cleaned, _clean_once(cleaned)
        if cleaned == before:
            return cleaned
    return _as_text(source)  # a tree that never settles is read differently each time: show what was written


def render_markdown(source: str) -> str:
    """Return Markdown as safe HTML, or as text when it is over 64 KB; pictures become links."""
    source = printable(source)
    if len(source.encode()) > MAX_MARKDOWN:
        return _as_text(source)
    try:
        rendered = markdown.to_html(source)
    except markdown.TooLong:
        return _as_text(source)
    return _as_text(source) if _is_too_much(rendered) else clean_html(rendered)


def excerpt(text: str, length: int = 160) -> str:
    """Return the start of a Markdown text as one plain line (not HTML) of at most `length` characters."""
    # Marks and link targets take room that the preview does not show.
    start = printable(text[: 4 * length + 400])
    try:
        words = markdown.to_words(start)
    except markdown.TooLong:
        words = start
    line = " ".join(straight(words).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _clean_once(source: str) -> str:
    # A blank as it stands costs the sanitiser the square of their number, its name does not.
    simple = _FORMATTING.sub(r"<\1>", source.replace("\u00a0", "&nbsp;"))
    return _LINES_AFTER_PRE.sub("<pre>", printable(_cleaner.clean(simple)))


def _is_too_much(source: str) -> bool:
    return len(source.encode()) > MAX_HTML or len(_OPEN_TAG.findall(source)) > MAX_OPEN_TAGS


def _only_text(source: str) -> str | None:
    """Return a text without tags as it will be written (linear, so without limit), None when it has tags."""
    found = _AS_TEXT.fullmatch(source)
    if found is None or bool(found[1]) != bool(found[3]):
        return None
    text = _escape(printable(html.unescape(found[2])))
    return f"<pre>{text.lstrip(chr(10))}</pre>" if found[1] else text


def _as_text(source: str) -> str:
    return f"<pre>{_escape(source.lstrip(chr(10)))}</pre>"


def _escape(text: str) -> str:
    """Escape as the sanitiser does, which leaves quotation marks in text alone."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
