"""Markdown to HTML in linear time; what comes out still has to be sanitised (see `markup`)."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.linkify import linkify
from markdown_it.token import Token

MAX_RESULT = 256 * 1024  # characters of HTML

# A paragraph costs its length times the marks in it that make the parser look ahead: 64 KB of "[" took 22 s.
# A million of that product takes about half a second; a paragraph of 3 KB with 20 links costs 60,000.
LOOKING_AHEAD = ("[", "<", "`", "://")
BUDGET = 1_000_000
# The link finder is quadratic in a run without blanks ("http://a.http://a.…").
UNBROKEN = re.compile(r"\S{2001}")


class TooLong(ValueError):
    """The result would be longer than `MAX_RESULT` (link targets are repeated at every reference)."""


def to_html(source: str) -> str:
    """Return the HTML of a Markdown text; raises `TooLong` instead of building what nobody will read."""
    tokens = _parser.parse(source)
    if sum(map(_weight, tokens)) > MAX_RESULT:
        raise TooLong
    return str(_parser.renderer.render(tokens, _parser.options, {}))


def to_words(source: str) -> str:
    """Return the words of a Markdown text without its marks, blocks parted by blanks."""
    return " ".join(_words(_parser.parse(source)))


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children is not None:
            yield "".join(" " if child.type.endswith("break") else child.content for child in token.children)
        elif token.content:
            yield token.content


def _weight(token: Token) -> int:
    own = 16 + len(token.content if token.children is None else "")
    attributes = sum(len(str(value)) for value in token.attrs.values())
    return own + attributes + sum(map(_weight, token.children or ()))


# -- rules laid over the library's own -----------------------------------------------------------------------


def _inline(state: StateCore) -> None:
    """Parse each paragraph while the budget lasts; what is over it stays plain text."""
    left = BUDGET
    for token in state.tokens:
        if token.type != "inline":
            continue
        left -= len(token.content) * sum(map(token.content.count, LOOKING_AHEAD))
        token.children = []
        if left >= 0:
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children.extend(_plain(token.content))


def _plain(text: str) -> Iterator[Token]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Token("hardbreak", "br", 0)
        yield Token("text", "", 0, content=line)


def _linkify(state: StateCore) -> None:
    every = state.tokens
    state.tokens = [token for token in every if token.type == "inline" and not UNBROKEN.search(token.content)]
    linkify(state)  # changes the children of these tokens in place
    state.tokens = every


def _link_images(state: StateCore) -> None:
    """A picture from elsewhere tells its owner who reads; show a link to it instead."""
    for token in state.tokens:
        if token.type == "inline" and any(child.type == "image" for child in token.children or ()):
            token.children = list(_without_images(token.children or []))


def _without_images(children: list[Token]) -> Iterator[Token]:
    depth = 0
    for child in children:
        depth += child.nesting if child.tag == "a" else 0
        if child.type != "image":
            yield child
        elif depth:
            yield Token("text", "", 0, content=child.content)
        else:
            source = str(child.attrs.get("src", ""))
            yield Token("link_open", "a", 1, attrs={"href": source})
            yield Token("text", "", 0, content=child.content or source)
            yield Token("link_close", "a", -1)


def _align_cells(state: StateCore) -> None:
    """Say a column's side by attribute: the policy allows no inline style."""
    for token in state.tokens:
        if token.tag in ("td", "th") and (style := token.attrs.pop("style", None)):
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "breaks": True})
    rules: Any = parser.core.ruler
    rules.at("inline", _inline)
    rules.at("linkify", _linkify)
    rules.push("images_to_links", _link_images)
    rules.push("align_cells", _align_cells)
    return parser


_parser = _make_parser()  # keeps no state between texts, so threads share it
