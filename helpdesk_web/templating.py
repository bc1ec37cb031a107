"""What every template knows: the desk's name, addresses of static files with a content hash, strict undefined."""

import hashlib
from functools import lru_cache
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr
from markupsafe import escape
from markupsafe._speedups import _escape_inner as escape_text

from helpdesk_web import paths
from helpdesk_web.services import desk


class LeanCodeGenerator(CodeGenerator):
    """Writes outputs through `out`: escaping is half of rendering a list, and most values are plain text."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.out(")


def out(value: Any) -> str:
    """Return exactly what `escape` gives, without building a Markup for the common kinds."""
    kind = type(value)
    if kind is str:
        return escape_text(value)
    if kind is int:
        return str(value)
    return str(escape(value))


def bind(app: Flask) -> None:
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.code_generator_class = LeanCodeGenerator
    env.out = out  # type: ignore[attr-defined]
    env.globals["static_url"] = static_url
    app.context_processor(lambda: {"desk_name": desk.settings().desk_name})


def static_url(name: str) -> str:
    """Return the address of a static file; it changes with the content, so it can be cached for a year."""
    return f"/static/{name}?v={_digest(name)}"  # not by url_for: a request for an untrusted host has no routes


@lru_cache(maxsize=512)
def _digest(name: str) -> str:
    return hashlib.sha256((paths.STATIC / name).read_bytes()).hexdigest()[:12]
